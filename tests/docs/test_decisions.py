"""Every decision says why, what it costs, and what notices when it is broken."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, name, read

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
HEADINGS = ["Context", "Decision", "Consequences", "Enforced by"]
_FILE = re.compile(r"`((?:src|tests|docs|migrations)/[\w./-]+|pyproject\.toml)`")


def test_numbers_have_no_gaps() -> None:
    numbers = [int(page.name[:4]) for page in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("page", DECISIONS, ids=name)
def test_form(page: Path) -> None:
    text = read(page)
    assert text.startswith(f"# {page.name[:4]}: ")
    assert re.search(r"^Status: (?:accepted|replaced by \[\d{4}\])", text, flags=re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == HEADINGS


@pytest.mark.parametrize("page", DECISIONS, ids=name)
def test_what_enforces_it_exists(page: Path) -> None:
    enforced = read(page).partition("## Enforced by")[2]
    files = _FILE.findall(enforced)
    assert files, "name the lint or the test"
    assert [each for each in files if not (ROOT / each).exists()] == []
