"""Saved contexts, and which of options, variables and contexts counts."""

import stat
from pathlib import Path

import pytest

from central_config.cli import contexts
from central_config.cli.contexts import Context, Contexts
from central_config.cli.errors import CliError, UsageError
from central_config.cli.targets import DEFAULT_URL, resolve
from tests.cli.conftest import Ccfg


@pytest.fixture
def saved(home: Path) -> Contexts:
    made = Contexts(
        current="test",
        contexts={
            "test": Context("http://127.0.0.1:1", token="t1", workspace="w1", environment="e1"),
            "prod": Context("https://prod.example", token="t2"),
        },
    )
    contexts.save(made)
    assert home.exists()
    return made


def test_saved_for_the_user_alone(saved: Contexts) -> None:
    path = contexts.directory() / contexts.FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert contexts.load() == saved
    assert [each.name for each in path.parent.iterdir()] == [contexts.FILE]


def test_a_file_others_can_read_is_refused(saved: Contexts) -> None:
    assert saved.current
    path = contexts.directory() / contexts.FILE
    path.chmod(0o644)
    with pytest.raises(CliError, match="can be read by others"):
        contexts.load()


def test_a_damaged_file_is_named(saved: Contexts) -> None:
    assert saved.current
    path = contexts.directory() / contexts.FILE
    path.write_text("{")
    with pytest.raises(CliError, match="damaged"):
        contexts.load()


@pytest.mark.usefixtures("home")
def test_without_anything_the_local_server_is_meant() -> None:
    target = resolve()
    assert (target.url, target.token) == (DEFAULT_URL, None)


@pytest.mark.usefixtures("saved")
def test_the_context_in_use() -> None:
    target = resolve()
    assert (target.url, target.token) == ("http://127.0.0.1:1", "t1")
    assert (target.workspace, target.environment) == ("w1", "e1")


@pytest.mark.usefixtures("saved")
def test_variables_win_over_the_context_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRAL_CONFIG_WORKSPACE", "w9")
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", "t9")
    target = resolve()
    assert (target.url, target.token) == ("http://127.0.0.1:1", "t9")
    assert (target.workspace, target.environment) == ("w9", "e1")
    monkeypatch.setenv("CENTRAL_CONFIG_CONTEXT", "prod")
    assert resolve().url == "https://prod.example"


@pytest.mark.usefixtures("saved")
def test_a_token_is_sent_only_to_the_server_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRAL_CONFIG_URL", "https://elsewhere.example")
    assert resolve().token is None
    monkeypatch.setenv("CENTRAL_CONFIG_URL", "http://127.0.0.1:1/")
    assert resolve().token == "t1"


@pytest.mark.usefixtures("saved")
def test_a_context_on_the_command_line_wins_over_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRAL_CONFIG_URL", "https://elsewhere.example")
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", "t9")
    target = resolve("prod")
    assert (target.url, target.token) == ("https://prod.example", "t2")
    with pytest.raises(UsageError, match="no context"):
        resolve("nowhere")


def test_the_commands(bare: Ccfg) -> None:
    assert bare("context", "use", "here", "--url", "http://127.0.0.1:9").code == 0
    assert bare("context", "use", "-w", "shop", "-e", "prod").code == 0
    given = bare("context", "use", "here", "--token-stdin", stdin="cc_secret_token\n")
    assert given.code == 0
    listed = bare("context", "list", "-o", "json")
    assert listed.data == [
        {
            "name": "here",
            "current": True,
            "url": "http://127.0.0.1:9",
            "username": None,
            "token": "saved",
            "expires_at": None,
            "workspace": "shop",
            "environment": "prod",
        }
    ]
    shown = bare("context", "show")
    assert "http://127.0.0.1:9" in shown.out
    assert "cc_secret_token" not in listed.out + listed.err + shown.out + shown.err + given.err
    # Another server gets no token that was meant for the old one.
    bare("context", "use", "--url", "http://127.0.0.1:8")
    assert bare("context", "list", "-o", "json").data[0]["token"] is None
    assert bare("context", "rm", "here").code == 0
    assert bare("context", "rm", "here").code == 2
    assert bare("context", "use", "nowhere").code == 2
