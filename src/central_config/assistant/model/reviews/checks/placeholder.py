"""A text that was to be filled in: `CHANGEME`, `TODO`, `<your-host>`, `db.example.com`."""

import re
from collections.abc import Iterator

from central_config.assistant.model.reviews.checks.making import found
from central_config.assistant.model.reviews.findings import Finding, Severity
from central_config.assistant.model.reviews.leaves import Leaf
from central_config.assistant.model.reviews.quoting import quoted
from central_config.assistant.model.reviews.templates import fixed_part

_ADVICE = "Fill in the value that is meant."
# Longer texts explain something, and may well speak of what is to be done.
_LONGEST = 200
_LOUD = re.compile(
    r"(?<![A-Za-z])(?:"
    r"change[-_ ]?(?:me|this|it)(?:[-_ ](?:please|now|later))?|replace[-_ ]?(?:me|this|with\w*|it)"
    r"|(?:to[-_ ]?be|tb)[-_ ]?(?:d|defined|determined|filled|done|set)"
    r"|fill[-_ ]?(?:me|this)?[-_ ]?in|insert[-_ ][\w-]*[-_ ]?here|put[-_ ][\w-]+[-_ ]here"
    r"|your[-_](?:[^\W_]+[-_])*(?:here|key|token|password|secret|host|hostname|domain|name|id|url"
    r"|server|user|username|email|bucket|value|database|db|api|org|company|project|region)"
    r"|enter[-_ ](?:your|the)[-_ ]\w+|set[-_ ]?me|fix[-_ ]?me|lorem ipsum|dummy|foobar"
    r")(?![A-Za-z])",
    re.IGNORECASE,
)
# Marks of people, who write them in capitals; in small letters they are words.
_MARKS = re.compile(r"(?<![A-Za-z])(?:TODO|TBD|TBC|FIXME|XXX+|REPLACEME|PLACEHOLDER)(?![A-Za-z])")
_WHOLE = re.compile(
    r"(?:todo|tbd|tbc|placeholder|xxx+|x{3,}|\?{2,}|\.{3}|-{3,}|_{3,}|foo|bar|baz|asdf|qwerty"
    r"|sample|insert|value|string|<[^<>]{1,60}>|\[[a-z][a-z _-]{2,40}\]|n/?a)",
    re.IGNORECASE,
)
_ANGLED = re.compile(
    r"<(?:your|my|the|insert|enter|replace|change|put|some)[^<>]{0,40}>|<[^<>]{1,40}here>"
    r"|(?-i:<[A-Z][A-Z0-9]+(?:[_ -][A-Z0-9]+)*>)|<[a-z0-9]+(?:[_-][a-z0-9]+)+>",
    re.IGNORECASE,
)
# Domains set aside for documentation (RFC 2606, RFC 6761); `.test` and `.local` do work somewhere.
_DOMAIN = re.compile(
    r"(?<![\w-])(?:[\w-]+\.)*(?:example\.(?:com|org|net)|[\w-]+\.example)(?![\w-])"
)
_WORTHLESS = frozenset({"value", "string", "sample", "insert"})


def placeholder(leaf: Leaf) -> Iterator[Finding]:
    """Find a text that stands for another one."""
    text = leaf.text
    if not text:
        return
    mark = placeheld(text)
    if mark is None or (isinstance(leaf.before, str) and placeheld(leaf.before)):
        return
    severity: Severity = "high" if leaf.production else "medium"
    if text.lower() in _WORTHLESS:
        severity = "low"  # a word that may be meant, for what has types or samples
    said = f"{quoted(leaf.name, text)} looks like a placeholder ({quoted('', mark)})"
    yield found(leaf, "placeholder", severity, said, _ADVICE)


def placeheld(text: str) -> str | None:
    """Return the part of a text that stands for something to be filled in."""
    if len(text) > _LONGEST:
        return None
    whole = text.strip()
    if _WHOLE.fullmatch(whole):
        return whole
    bare = fixed_part(whole)
    for pattern in (_LOUD, _MARKS, _ANGLED, _DOMAIN):
        mark = pattern.search(bare)
        if mark is not None:
            return mark[0]
    return None
