"""`ccfg review`, and the risk that `ccfg change show` prints."""

import json
from pathlib import Path

import pytest

from central_config.cli.errors import DIFFERENT
from central_config.cli.main import main
from tests.assistant.review.conftest import Shop
from tests.support.api import Workspace


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home where nothing is saved."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")


def log_in(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRAL_CONFIG_URL", workspace.admin.base)
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", workspace.admin.token or "")
    monkeypatch.setenv("CENTRAL_CONFIG_WORKSPACE", workspace.slug)


@pytest.mark.usefixtures("home")
def test_review_of_a_change_and_of_all(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """One with its evidence; all that wait with their risk; an exit code for scripts."""
    log_in(shop, monkeypatch)
    shop.serve("base", {"db/tls": True})
    change = shop.draft("prod", {"db/tls": False}, message="for a moment")
    assert main(["review", change]) == 0
    shown = capfd.readouterr().out
    for word in ("critical", "protection-off", "prod:db/tls", "before it was true"):
        assert word in shown
    assert main(["review", change, "--fail-at", "high", "-o", "json"]) == DIFFERENT
    assert json.loads(capfd.readouterr().out)["risk"] == "critical"
    assert main(["review"]) == 0
    assert change not in capfd.readouterr().out
    shop.admin.ok("POST", f"{shop.path}/changes/{change}/submit")
    assert main(["review"]) == 0
    assert change in capfd.readouterr().out
    assert main(["change", "show", change]) == 0
    assert "protection-off" in capfd.readouterr().out


@pytest.mark.usefixtures("home")
def test_without_the_assistant_change_show_is_as_before(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """And `review` says why it has nothing to say."""
    log_in(workspace, monkeypatch)
    body = {"edits": [{"environment": "prod", "key": "db/tls", "value": False}]}
    change = workspace.admin.ok("POST", f"{workspace.path}/changes", json=body)["id"]
    assert main(["change", "show", change]) == 0
    shown = capfd.readouterr().out
    assert "db/tls" in shown
    assert "risk" not in shown
    assert main(["review", change]) != 0
    assert "ai-disabled" in capfd.readouterr().err
