"""Schema rules: a pattern over keys, and the JSON Schema (2020-12) their values must satisfy."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import jsonschema_rs
import msgspec

from central_config.configurations.model.keys import matches
from central_config.core.json import JSON, decode
from central_config.core.problems import FieldError, Problem

WARN = "warn"
ENFORCE = "enforce"
# Reported for one value; a broken list of a thousand items is understood from the first ones.
_ERRORS_AT_MOST = 20
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Steps a pattern may go back before it counts as not matching: a rule must not stall writes.
_BACKTRACK_LIMIT = 100_000


class SchemaRule(msgspec.Struct, frozen=True):
    """A rule of a workspace. `mode` is `warn` (reported, let through) or `enforce` (refused)."""

    id: UUID
    name: str
    pattern: str
    schema: str
    mode: str


class Violation(NamedTuple):
    """One way in which a value breaks a rule."""

    rule: str
    mode: str
    environment: str
    key: str
    pointer: str
    detail: str


def _schema(text: str) -> Any:  # noqa: ANN401 - the library's own type is not exported
    return decode(text)


def _refuse_dialect(schema: JSON) -> None:
    """Refuse another dialect by name; ours would be taken without a word."""
    named = schema.get("$schema", _DIALECT) if isinstance(schema, dict) else _DIALECT
    if str(named).rstrip("#") != _DIALECT:
        message = f"$schema is {_DIALECT} or left out"
        raise ValueError(message)


def _refuse_remote(uri: str) -> JSON:
    message = f"{uri}: a schema may not refer to other documents"
    raise ValueError(message)


@lru_cache(maxsize=2048)
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        _schema(schema),
        validate_formats=True,
        retriever=_refuse_remote,
        pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACK_LIMIT),
    )


def check_schema(schema: str) -> None:
    """Refuse what is no JSON Schema, or refers to another document.

    Raises:
        Problem: `invalid-schema`.
    """
    try:
        _validator(schema)  # checks the schema itself too, by the one dialect we follow
        _refuse_dialect(decode(schema))
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        detail = str(getattr(error, "message", error))[:500]
        errors = [FieldError("/schema", detail)]
        raise Problem("invalid-schema", f"not a JSON Schema: {detail}", errors=errors) from None


def violations(
    rules: Sequence[SchemaRule], environment: str, key: str, body: bytes, *, secret: bool
) -> Iterator[Violation]:
    """Yield how an encoded, resolved value breaks the rules; a secret is not quoted."""
    value: JSON = None
    decoded = False
    for rule in rules:
        if not matches(rule.pattern, key):
            continue
        if not decoded:
            value, decoded = decode(body), True
        validator = _validator(rule.schema)
        if validator.is_valid(value):
            continue
        for count, error in enumerate(validator.iter_errors(value)):
            if count == _ERRORS_AT_MOST:
                break
            pointer, detail = _told(error, secret=secret)
            yield Violation(rule.name, rule.mode, environment, key, pointer, detail)


def _told(error: jsonschema_rs.ValidationError, *, secret: bool) -> tuple[str, str]:
    """Return where and how a value breaks a rule; of a secret only which part of the schema.

    The validator's own mask hides values, but not the names of members.
    """
    if secret:
        broken = "/".join(str(part) for part in error.schema_path)
        return "", f"the secret value does not satisfy the schema's {broken or 'false'}"
    return "".join(f"/{part}" for part in error.instance_path), error.message
