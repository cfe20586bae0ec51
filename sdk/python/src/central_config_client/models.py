"""Models of pydantic and of msgspec, found by what they look like; neither is needed here."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast, get_args, get_type_hints

from central_config_client.errors import Mismatch, WrongTypeError
from central_config_client.scalars import found
from central_config_client.snapshot import JSON, Target
from central_config_client.tree import field_of, joined, locate

Adapter = Callable[[JSON, Target, str], JSON]

_MSGSPEC = re.compile(
    r"(?:Expected (?P<type>.+?)(?:, got .+?)?|Object missing required field `(?P<field>.+?)`"
    r"|(?P<other>.+?))(?: - at `\$(?P<path>.*?)`)?",
    re.DOTALL,
)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


def adapter(target: Target) -> Adapter | None:
    """Return what makes values into a model of another library; None: it is no such model."""
    if not isinstance(target, type):
        return None
    # Whoever hands in a model has imported its library.
    pydantic, msgspec = sys.modules.get("pydantic"), sys.modules.get("msgspec")
    if pydantic is not None and issubclass(target, pydantic.BaseModel):
        return _pydantic
    if msgspec is not None and issubclass(target, msgspec.Struct):
        return _msgspec
    return None


def _pydantic(value: JSON, target: Target, key: str) -> JSON:
    from pydantic import ValidationError  # noqa: PLC0415 - optional

    try:
        return target.model_validate(_renamed(value, target))
    except ValidationError as error:
        # Neither the input nor the link: the input may be a secret.
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        mismatches = [_mismatch(value, key, each["loc"], each["msg"]) for each in faults]
    raise WrongTypeError(mismatches)


def _msgspec(value: JSON, target: Target, key: str) -> JSON:
    import msgspec  # noqa: PLC0415 - optional

    try:
        return msgspec.convert(_renamed(value, target), target)
    except msgspec.ValidationError as error:
        text = str(error)
    parts = _MSGSPEC.fullmatch(text)
    said = {} if parts is None else parts.groupdict()
    path: list[str | int] = [
        name or int(number) for name, number in _STEP.findall(said.get("path") or "")
    ]
    if said.get("field"):
        path.append(str(said["field"]))
    expected = said.get("type") or ("a value" if said.get("field") else said.get("other") or text)
    raise WrongTypeError([_mismatch(value, key, path, expected.replace("`", ""))])


def _mismatch(value: JSON, key: str, path: Sequence[str | int], expected: str) -> Mismatch:
    where, there = locate(value, path)
    return Mismatch(joined(key, where), expected, found(there))


def _names(model: Target) -> Iterator[tuple[str, Any]]:
    """Yield the names a model's fields have outside, with their types."""
    hints = get_type_hints(model)
    if hasattr(model, "__struct_encode_fields__"):
        names = zip(model.__struct_encode_fields__, model.__struct_fields__, strict=True)
        yield from ((outside, hints.get(inside)) for outside, inside in names)
    else:
        for inside, field in model.model_fields.items():
            alias = field.validation_alias
            yield (alias if isinstance(alias, str) else inside), hints.get(inside)


def _renamed(value: JSON, model: Target) -> JSON:
    """Return members under the names of the fields that they fill, through all models inside."""
    if not isinstance(value, dict):
        return value
    members = dict(cast("dict[str, JSON]", value))
    for name, hint in _names(model):
        segment = field_of(members, name)
        if segment is not None:
            # A model, or `Model | None`.
            models = [each for each in (hint, *get_args(hint)) if adapter(each) is not None]
            filling = members.pop(segment)
            members[name] = _renamed(filling, models[0]) if models else filling
    return members
