"""`ccfg review`, and the risk that `ccfg change show` prints."""

import json
from pathlib import Path
from typing import Any

import pytest

from central_config.cli.client import Client
from central_config.cli.commands import review
from central_config.cli.errors import DIFFERENT, USAGE
from central_config.cli.main import main
from tests.assistant.review.conftest import Shop
from tests.support.api import Workspace

NOBODY = "00000000-0000-7000-8000-000000000000"


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
def test_all_that_wait_are_reviewed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """However many wait, and whatever becomes of one of them."""
    log_in(shop, monkeypatch)
    worst = shop.draft("prod", {"cache/host": "localhost"})
    changes = [worst, *(shop.draft("staging", {"n": number}) for number in range(51))]
    for change in changes:
        shop.admin.ok("POST", f"{shop.path}/changes/{change}/submit")
    assert main(["review", "--fail-at", "high", "-o", "json"]) == DIFFERENT
    found = json.loads(capfd.readouterr().out)
    assert len(found) == 52
    assert (found[0]["change"], found[0]["risk"]) == (worst, "high")


@pytest.mark.usefixtures("home")
def test_one_that_fails_hides_no_other(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is listed, with a risk nobody knows, which no pipeline lets pass."""
    log_in(shop, monkeypatch)
    gone, other = shop.draft("staging", {"a": 1}), shop.draft("staging", {"b": 1})
    for change in (gone, other):
        shop.admin.ok("POST", f"{shop.path}/changes/{change}/submit")
    listed = Client.items

    def items(client: Client, path: str, *more: Any, **names: Any) -> list[Any]:
        found = listed(client, path, *more, **names)
        return [{**each, "id": NOBODY} if each["id"] == gone else each for each in found]

    monkeypatch.setattr(Client, "items", items)
    assert main(["review", "--fail-at", "critical", "-o", "json"]) == DIFFERENT
    found = json.loads(capfd.readouterr().out)
    assert [(it["change"], it["risk"]) for it in found] == [(NOBODY, "unknown"), (other, "none")]


@pytest.mark.usefixtures("home")
def test_explain(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It needs a change, and says so when nobody has written the words in time."""
    log_in(shop, monkeypatch)
    assert main(["review", "--explain"]) == USAGE
    assert "id" in capfd.readouterr().err
    monkeypatch.setattr(review, "_PATIENCE", 0.0)
    assert main(["review", shop.draft("staging", {"a": 1}), "--explain"]) == 0
    assert "still waiting for a worker" in capfd.readouterr().err


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
