"""The commands as they are defined: their table, their page, what they import, their help."""

import subprocess
import sys
from pathlib import Path

import pytest
from cyclopts import App

from central_config.cli.commands import completion
from central_config.cli.main import OPERATING_COMMANDS, SERVER_COMMANDS, TABLE, build
from central_config.cli.reference import PAGE, page
from tests.cli.conftest import Ccfg
from tests.support.api import Workspace

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_definitions_say() -> None:
    written = (ROOT / PAGE).read_text(encoding="utf-8")
    assert written == page(), f"run: python -m central_config.cli.reference {PAGE}"


def test_the_table_repeats_what_the_commands_say_of_themselves() -> None:
    app = build()
    summaries = {
        each.name: each.summary for each in (*TABLE, *SERVER_COMMANDS, *OPERATING_COMMANDS)
    }
    said = {name: app[name].help.splitlines()[0] for name in summaries}
    assert said == summaries


def _commands(app: App, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name in app:
        if not name.startswith("-"):
            found += [(*path, name), *_commands(app[name], (*path, name))]
    return found


def test_every_command_has_help(bare: Ccfg) -> None:
    paths = _commands(build())
    assert len(paths) > 60
    for path in paths:
        shown = bare(*path, "--help")
        assert shown.code == 0
        assert f"Usage: ccfg {' '.join(path)}" in shown.out


def test_every_client_command_says_what_its_options_mean() -> None:
    app = build()
    for path in _commands(app):
        command: App = app
        for name in path:
            command = command[name]
        if command.default_command is None:
            continue
        for argument in command.assemble_argument_collection(parse_docstring=True):
            if argument.show and argument.parse:
                assert argument.parameter.help, f"{' '.join(path)}: {argument.name} has no help"


def test_the_list_of_commands_is_there_at_once() -> None:
    code = (
        "import sys; from central_config.cli.main import main; main(['--help']); "
        "print(*sorted(m for m in sys.modules if m.split('.')[0] in "
        "{'httpx2', 'pydantic', 'sqlalchemy', 'fastapi', 'ruamel', 'markdown_it', 'structlog'} "
        "or m.startswith('central_config.cli.commands.')), sep=',', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Running the service" in done.stdout
    assert done.stderr.strip() == ""


def test_a_client_command_imports_no_server() -> None:
    code = (
        "import sys; from central_config.cli.main import main; "
        "main(['get', '-w', 'w', '-e', 'e']); "
        "print([m for m in sys.modules if m.split('.')[0] in "
        "{'pydantic', 'sqlalchemy', 'asyncpg', 'fastapi', 'granian', 'celery'}])"
    )
    environment = {"CENTRAL_CONFIG_URL": "http://127.0.0.1:9", "HOME": "/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(bare: Ccfg, home: Path, shell: str) -> None:
    script = bare("completion", "show", shell)
    assert script.code == 0
    assert "rollback" in script.out
    assert bare("completion", "install", shell, "--program", "central-config").code == 0
    assert [each for each in home.rglob("*") if each.is_file()]
    assert completion.app.name == ("completion",)


def test_the_bash_script_is_one_bash_understands(bare: Ccfg) -> None:
    script = bare("completion", "show", "bash").out
    subprocess.run(["/bin/bash", "-n"], input=script, text=True, check=True)


def test_names_that_only_the_server_knows(
    ccfg: Ccfg, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ccfg("set", "db/host", "h")
    ccfg("set", "web/on", "true")

    def candidates(*words: str) -> list[str]:
        return ccfg("__complete", *words).out.split("\x1fbegin\n")[1].split("\n")[:-1]

    assert candidates("get", "db") == ["db/host"]
    assert candidates("get", "--env", "") == ["base", "prod", "staging"]
    assert workspace.slug in candidates("get", "-w", "")
    assert candidates("get", "-e", "nowhere", "db") == []
    monkeypatch.setenv("CENTRAL_CONFIG_URL", "http://127.0.0.1:9")
    assert candidates("get", "db") == []


def test_both_names_and_the_module_are_the_command() -> None:
    for command in (
        [sys.executable, "-m", "central_config"],
        [str(Path(sys.executable).with_name("ccfg"))],
        [str(Path(sys.executable).with_name("central-config"))],
    ):
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
        assert done.stdout.strip()[0].isdigit()
