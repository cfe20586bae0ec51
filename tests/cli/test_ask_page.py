"""The page about questions: its samples are run, and say what the page says they do."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Ccfg
from tests.docs.pages import ROOT, fences
from tests.support.api import ApiProcess, Client, Workspace

PAGE = ROOT / "docs" / "how-to" / "ask-in-plain-words.md"
_BOB = "correct horse battery"


@pytest.fixture(scope="module")
def server(modelless: ApiProcess) -> ApiProcess:
    """What the page shows is understood by rules."""
    return modelless


@pytest.fixture(scope="module")
def admin(server: ApiProcess) -> Iterator[Client]:
    client = server.sign_in()
    yield client
    client.close()


@pytest.fixture
def shop(server: ApiProcess, workspace: Workspace) -> Workspace:
    """The workspace that the page is about."""
    admin = workspace.admin
    roles = {"roles": [{"role": "admin"}]}
    if admin.get("/users/bob").status_code == 404:
        user = {"username": "bob", "email": "bob@example.org", "password": _BOB}
        admin.ok("POST", "/users", json=user)
        admin.ok("PUT", "/users/bob/roles", json=roles)
    admin.put(workspace.place("base", "db/host"), "db.internal")
    admin.put(workspace.place("base", "web/timeout"), 30)
    admin.put(workspace.place("staging", "db/pool/size"), 5)
    admin.put(workspace.place("prod", "db/password"), "x", secret=True)
    bob = server.sign_in("bob", _BOB)
    bob.put(workspace.place("prod", "db/pool/size"), 50, message="Black Friday")
    bob.close()
    return workspace


def _samples() -> Iterator[tuple[str, str]]:
    """Yield each command of the page's consoles, and what the page shows of its output."""
    for block in fences(PAGE, "console"):
        for sample in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = sample.partition("\n")
            yield command, output


def _examples() -> Iterator[str]:
    """Yield the questions of the page's table."""
    for row in re.findall(r"^\| [^|]+ \| (.+) \|$", PAGE.read_text(), re.MULTILINE):
        if row != "For example":
            yield from (each.strip() for each in re.findall(r"[^;?]+\??", row))


def _plain(text: str) -> list[list[str]]:
    """Return the words of an output without what differs from day to day."""
    text = re.sub(r"\d{4}-\d\d-\d\d(T00:00:00Z)?", "DAY", text)
    text = re.sub(r"\d+ (s|min) ago", "AGO", text)
    return [line.split() for line in text.splitlines() if line.strip()]


def test_the_samples_say_what_the_page_shows(
    ccfg: Ccfg, shop: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WORKSPACE", "ENVIRONMENT"):
        monkeypatch.delenv(f"CENTRAL_CONFIG_{name}")
    monkeypatch.chdir(tmp_path)
    run = 0
    for command, shown in _samples():
        line, _, file = command.partition(" > ")
        program, *words = shlex.split(line)
        if program == "cat":
            said = Path(words[0]).read_text()
        else:
            result = ccfg(*(shop.slug if word == "shop" else word for word in words))
            assert result.code == 0, (command, result.err)
            run += 1
            if file:
                Path(file).write_text(result.out)
            said = result.err + ("" if file else result.out)
        assert not shown or _plain(said) == _plain(shown), command
    assert run > 5


def test_the_examples_are_understood_by_rules(ccfg: Ccfg, shop: Workspace) -> None:
    assert shop
    examples = list(_examples())
    assert len(examples) > 9
    for example in examples:
        said = ccfg("ask", example, "-o", "json").data
        assert said["engine"] == "parser", example
        assert said["plan"]["intent"] != "unsupported", example
