"""What YAML is refused for, in sentences that say what to do and quote no values."""

from collections.abc import Sequence
from typing import Final

import yaml
from yaml.reader import ReaderError

from central_config.core.json import JSON
from central_config.interop.model.terms import ParseError

TAG: Final = "tag:yaml.org,2002:"
"""What `!!` stands for."""


def template_advice(text: str) -> str:
    """Return a sentence for who imports a template instead of what it renders to."""
    return " The file looks like a template: render it first." if "{{" in text else ""


def tag(tag: str, line: int) -> ParseError:
    """Return the refusal of a tag that has no meaning here, or an unsafe one."""
    shown = "!!" + tag.removeprefix(TAG) if tag.startswith(TAG) else tag
    return ParseError(f"The tag `{shown[:100]}` is not supported; write a plain value.", line)


def several(documents: Sequence[tuple[JSON, int]]) -> ParseError:
    """Return the refusal of several documents, given as content and line, naming each."""
    listed = "; ".join(_describe(number, *one) for number, one in enumerate(documents[:5], 1))
    more = f"; and {len(documents) - 5} more" if len(documents) > 5 else ""  # noqa: PLR2004
    detail = (
        f"The file holds {len(documents)} documents ({listed}{more}). Import each by itself:"
        " what belongs to a profile goes into the environment of that profile."
    )
    return ParseError(detail, documents[1][1])


def _describe(number: int, content: JSON, line: int) -> str:
    """Name a document by what people know it by: a Spring profile, or a Kubernetes object."""
    what = ""
    if isinstance(content, dict):
        profile = _dig(content, "spring", "config", "activate", "on-profile") or _dig(
            content, "spring", "profiles"
        )
        kind = _dig(content, "kind")
        what = f", profile {profile}" if profile else f", {kind}" if kind else ""
    return f"number {number} on line {line}{what[:60]}"


def _dig(node: JSON, *names: str) -> str | None:
    for name in names:
        if not isinstance(node, dict) or name not in node:
            return None
        node = node[name]
    return node if isinstance(node, str) else None


def unreadable(error: ReaderError, text: str) -> ParseError:
    """Return the refusal of a character that YAML does not allow."""
    character = chr(error.character) if isinstance(error.character, int) else None
    line = None
    if character is not None and character in text:
        line = text.count("\n", 0, text.index(character)) + 1
    return ParseError("The text holds a character that YAML does not allow.", line)


def malformed(error: yaml.MarkedYAMLError, text: str) -> ParseError:
    """Return the refusal of what the grammar does not allow; libyaml quotes no content."""
    problem = error.problem or "malformed YAML"
    problem = problem[0].upper() + problem[1:]
    context = f" ({error.context})" if error.context else ""
    advice = template_advice(text)
    mark = error.problem_mark
    if mark is None:
        return ParseError(f"{problem}{context}.{advice}")
    return ParseError(f"{problem}{context}.{advice}", mark.line + 1, mark.column + 1)
