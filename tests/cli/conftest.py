"""The command line in this process, with a home of its own, against the running server."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from central_config.cli.main import main
from tests.support.api import ApiProcess, Workspace


class Result(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What stands on stdout, as JSON."""
        return json.loads(self.out)


Ccfg = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home where nothing is saved yet, and no variable is set."""
    for name in ("URL", "TOKEN", "WORKSPACE", "ENVIRONMENT", "CONTEXT"):
        monkeypatch.delenv(f"CENTRAL_CONFIG_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


@pytest.fixture
def bare(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Ccfg:
    """Runs command lines in a home where nothing is saved."""

    def run(*words: str, stdin: str = "") -> Result:
        text = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
        monkeypatch.setattr(sys, "stdin", text)
        capfd.readouterr()
        code = main(list(words))
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    assert home.exists()
    return run


@pytest.fixture
def ccfg(
    bare: Ccfg, server: ApiProcess, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> Ccfg:
    """Runs command lines as the administrator, in a fresh workspace, in `prod`."""
    assert workspace.admin.token is not None
    monkeypatch.setenv("CENTRAL_CONFIG_URL", server.url)
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", workspace.admin.token)
    monkeypatch.setenv("CENTRAL_CONFIG_WORKSPACE", workspace.slug)
    monkeypatch.setenv("CENTRAL_CONFIG_ENVIRONMENT", "prod")
    return bare
