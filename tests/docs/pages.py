"""The pages of the documentation, as tests read them."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_NOT_OURS = {".venv", ".git", "node_modules", "build", "dist", ".hypothesis", ".pytest_cache"}
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)


def pages() -> list[Path]:
    """Return every Markdown file of the repository."""
    found = [ROOT / each for each in ROOT.glob("*.md")]
    for folder in sorted(each for each in ROOT.iterdir() if each.is_dir()):
        if folder.name not in _NOT_OURS:
            found += sorted(folder.rglob("*.md"))
    return [each for each in found if not _NOT_OURS & set(each.relative_to(ROOT).parts)]


def name(page: Path) -> str:
    """Return a page's name in the output of pytest."""
    return str(page.relative_to(ROOT))


def read(page: Path) -> str:
    """Return the text of a page."""
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """Return a page without its code."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", read(page)))


def fences(page: Path, language: str) -> Iterator[str]:
    """Yield the blocks of code in a language."""
    for found in _FENCE.finditer(read(page)):
        if found.group(1) == language:
            yield found.group(2)


def anchors(page: Path) -> set[str]:
    """Return what `#...` may name on a page, made of its headings as GitHub does."""
    headings = _HEADING.findall(_FENCE.sub("", read(page)))
    return {re.sub(r"[^\w\- ]", "", each.strip().lower()).replace(" ", "-") for each in headings}
