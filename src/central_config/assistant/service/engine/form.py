"""What an answer must look like, and what of it may stand in the audit log."""

from collections.abc import Iterator
from typing import Any, cast

import jsonschema_rs

from central_config.assistant.service.engine import EngineAwayError
from central_config.core.json import JSON, decode

_HIDDEN = "..."


def check(text: str, schema: dict[str, Any] | None, *, cut: bool = False) -> None:
    """Refuse an answer that is not in the form it was asked for.

    Args:
        text: the answer.
        schema: the form; None accepts any words, cut or not.
        cut: it was ended for its length.

    Raises:
        EngineAwayError: it says nothing, or is not of the form.
    """
    if not text.strip():
        raise EngineAwayError("the AI engine said nothing")
    if schema is None:
        return
    if cut:
        raise EngineAwayError("the AI engine's answer was cut for its length")
    try:
        answer = decode(text)
    except ValueError:
        raise EngineAwayError("the AI engine's answer is no JSON") from None
    if not jsonschema_rs.is_valid(schema, answer):
        raise EngineAwayError("the AI engine's answer is not of the form asked for")


def fits(text: str, schema: dict[str, Any] | None) -> bool:
    """Tell whether an answer has the form asked for."""
    try:
        check(text, schema)
    except EngineAwayError:
        return False
    return True


def offered(text: str, schema: dict[str, Any] | None) -> JSON:
    """Return an answer with only the words that its schema offered.

    Those are names of this tenant. What else stands there came from the question, into which
    somebody may have pasted a password.
    """
    if schema is None:
        return None
    words = set(_choices(schema))
    return _without(decode(text), words)


def _choices(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        node = cast("dict[str, Any]", schema)
        choices = [*node.get("enum", []), node.get("const")]
        yield from (each for each in choices if isinstance(each, str))
        for inner in node.values():
            yield from _choices(inner)
    elif isinstance(schema, list):
        for inner in cast("list[Any]", schema):
            yield from _choices(inner)


def _without(answer: JSON, words: set[str]) -> JSON:
    if isinstance(answer, str):
        return answer if answer in words else _HIDDEN
    if isinstance(answer, list):
        return [_without(each, words) for each in answer]
    if isinstance(answer, dict):
        return {name: _without(each, words) for name, each in answer.items()}
    return answer
