"""References inside values: `${key}`, `${env:slug/key}`, and `$${` for a literal `${`.

A reference is looked up in the environment that is READ, so a parent's `postgres://${db/host}`
follows a child's own `db/host`. A string that is nothing but one reference takes the value of its
target, whatever its type; inside a longer string only text, numbers and booleans can stand.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from typing_extensions import override

from central_config.configurations.model.keys import key_fault
from central_config.core.json import JSON, encode
from central_config.core.problems import FieldError, Problem

_TOKEN = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_SLUG = re.compile(r"[a-z0-9-]{1,63}")
_ENVIRONMENT = "env:"


class Reference(NamedTuple):
    """A key, in a named environment or (None) in the one that is read."""

    environment: str | None
    key: str

    @override
    def __str__(self) -> str:
        """Return the reference as it is written."""
        place = "" if self.environment is None else f"env:{self.environment}/"
        return f"${{{place}{self.key}}}"


Lookup = Callable[[Reference], JSON]


def _malformed(written: str, why: str) -> Problem:
    detail = f"{written[:120]}: {why}"
    return Problem("reference-malformed", detail, errors=[FieldError("/value", detail)])


def parse_reference(inner: str) -> Reference:
    """Return the reference between `${` and `}`.

    Raises:
        Problem: `reference-malformed`.
    """
    environment, key = None, inner
    if inner.startswith(_ENVIRONMENT):
        environment, slash, key = inner.removeprefix(_ENVIRONMENT).partition("/")
        if not slash or _SLUG.fullmatch(environment) is None:
            raise _malformed(f"${{{inner}}}", "write ${env:slug/key}")
    fault = key_fault(key)
    if fault is not None:
        raise _malformed(f"${{{inner}}}", f"{fault} (write $${{ for a literal ${{)")
    return Reference(environment, key)


def _parts(text: str) -> Iterator[str | Reference]:
    position = 0
    for token in _TOKEN.finditer(text):
        if token.start() > position:
            yield text[position : token.start()]
        position = token.end()
        if token.group(0) == "$${":
            yield "${"
        elif not token.group(2):
            raise _malformed(
                token.group(0), "the closing } is missing (write $${ for a literal ${)"
            )
        else:
            yield parse_reference(token.group(1))
    if position < len(text):
        yield text[position:]


def _strings(value: JSON) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)


def find_references(value: JSON) -> tuple[Reference, ...]:
    """Return every reference in a value, each once, in the order of their first appearance.

    Raises:
        Problem: `reference-malformed`.
    """
    found: dict[Reference, None] = {}
    for text in _strings(value):
        if "${" in text:
            found.update((part, None) for part in _parts(text) if isinstance(part, Reference))
    return tuple(found)


def has_marks(body: bytes) -> bool:
    """Tell whether an encoded value may hold a reference or an escape; most do not."""
    return b"${" in body


def substitute(value: JSON, lookup: Lookup) -> JSON:
    """Return the value with every reference replaced by what `lookup` answers.

    Raises:
        Problem: `reference-type` when a list, an object or null would stand inside a text.
    """
    if isinstance(value, str):
        return _substitute_text(value, lookup)
    if isinstance(value, list):
        return [substitute(item, lookup) for item in value]
    if isinstance(value, dict):
        return {name: substitute(item, lookup) for name, item in value.items()}
    return value


def _substitute_text(text: str, lookup: Lookup) -> JSON:
    if "${" not in text:
        return text
    parts = list(_parts(text))
    if len(parts) == 1 and isinstance(parts[0], Reference):
        return lookup(parts[0])
    return "".join(
        _inside(part, lookup(part)) if isinstance(part, Reference) else part for part in parts
    )


def _inside(reference: Reference, value: JSON) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, (list, dict)):
        kind = "null" if value is None else ("a list" if isinstance(value, list) else "an object")
        detail = f"{reference} is {kind} and cannot stand inside a text"
        raise Problem("reference-type", detail, errors=[FieldError("/value", detail)])
    return encode(value).decode()
