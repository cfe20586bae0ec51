"""What the pages point to exists: files, headings, commands. Nothing of one machine is named."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from central_config.cli.main import SERVER_COMMANDS, build
from tests.docs.pages import ROOT, anchors, fences, name, pages, prose, read

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"(?:^\$ |[|(] *|TOKEN=\S+ )(?:ccfg|central-config) ([^|)]*)")
_CLIMBING = re.compile(r"(?<![\w.])(?:\.\./)+[\w./-]*")
# Home directories and the like: paths that are true on somebody's machine only.
_SOMEBODYS = re.compile(r"(?<![\w$}.:/-])/(?:work|home|root|Users|mnt|srv/builds)/")
_REGISTRIES = [
    f"{host}.{end}"
    for end, hosts in (
        ("org", ("pypi", "pythonhosted", "npmjs")),
        ("io", ("docker", "ghcr", "quay")),
    )
    for host in hosts
]

everywhere = pytest.mark.parametrize("page", pages(), ids=name)


def test_there_are_pages() -> None:
    assert ROOT / "README.md" in pages()
    assert ROOT / "docs" / "index.md" in pages()


@everywhere
def test_links_lead_somewhere(page: Path) -> None:
    broken = [target for target in _LINK.findall(prose_with_links(page)) if not leads(page, target)]
    assert broken == []


def prose_with_links(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", read(page), flags=re.MULTILINE | re.DOTALL)


def leads(page: Path, target: str) -> bool:
    if re.match(r"[a-z]+:", target):
        return True
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.exists() or not file.is_relative_to(ROOT):
        return False
    return not anchor or (file.suffix == ".md" and anchor in anchors(file))


def test_every_page_of_docs_can_be_found() -> None:
    """From the README and the index, link by link."""
    waiting = [ROOT / "README.md"]
    found = set(waiting)
    while waiting:
        page = waiting.pop()
        for target in _LINK.findall(prose_with_links(page)):
            file = (page.parent / target.partition("#")[0]).resolve()
            is_page = file.suffix == ".md" and file.exists()
            if not re.match(r"[a-z]+:", target) and is_page and file not in found:
                found.add(file)
                waiting.append(file)
    docs = {each for each in pages() if each.is_relative_to(ROOT / "docs")}
    assert {name(each) for each in docs - found} == set()


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of every command line of ours that a page shows behind a prompt."""
    for block in fences(page, "console"):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            if line.startswith("$ "):
                for found in _COMMAND.finditer(line):
                    yield shlex.split(found.group(1), comments=True)


@everywhere
def test_commands_exist_with_their_options(page: Path) -> None:
    server = {each.name for each in SERVER_COMMANDS}
    for words in commands(page):
        if words[:1] and words[0] in server:
            continue
        app = build(words)
        try:
            app.parse_args(words, print_error=False, exit_on_error=False)
        except Exception as error:  # noqa: BLE001 - whatever it is, the page is wrong
            pytest.fail(f"ccfg {shlex.join(words)}: {error!r}")


def test_a_wrong_command_is_seen() -> None:
    words = ["get", "key", "--no-such-option", "1"]
    with pytest.raises(Exception, match="no-such-option"):
        build(words).parse_args(words, print_error=False, exit_on_error=False)


@everywhere
def test_nothing_of_one_machine_is_named(page: Path) -> None:
    text = read(page)
    outside = [
        path
        for path in _CLIMBING.findall(text)
        if not (page.parent / path).resolve().is_relative_to(ROOT)
    ]
    assert outside == []
    assert _SOMEBODYS.findall(text) == []
    assert [each for each in _REGISTRIES if each in text] == []


@everywhere
def test_pages_promise_nothing_with_dates(page: Path) -> None:
    assert re.findall(r"(?i)\b(?:coming soon|TODO|TBD|roadmap)\b", prose(page)) == []
