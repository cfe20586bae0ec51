"""Values as the types of the standard library."""

import re
import types
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin
from uuid import UUID

from central_config_client.errors import WrongTypeError
from central_config_client.snapshot import ABSENT, JSON, Target

Convert = Callable[[JSON, Target, str], JSON]

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000001}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|us|d|h|m|s)")


def found(value: JSON) -> str:
    """Name the type of a value, not the value: it may be a secret."""
    return "nothing" if value is ABSENT else "null" if value is None else type(value).__name__


def describe(target: Target) -> str:
    """Name a type as it is written in source."""
    if target is type(None) or target is None:
        return "null"
    if get_origin(target) is None and isinstance(target, type):
        return "duration" if target is timedelta else target.__name__
    if get_origin(target) in {Union, types.UnionType}:
        return " | ".join(describe(each) for each in get_args(target))
    return str(target).replace("typing.", "")


def duration(value: float | str) -> timedelta:
    """Return seconds, or a text as `1h30m`, as a time span.

    Raises:
        ValueError: it is neither.
    """
    if not isinstance(value, str):
        return timedelta(seconds=value)
    text = value.replace(" ", "")
    parts = _SPAN.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError("not a duration")
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))


def _number(value: float | str) -> Decimal:
    return Decimal(str(value))


def _null(_: JSON) -> None:
    return None


_NUMBER = (int, float)
# A type, what JSON it comes from, and how. `bool` is an `int` to Python, but not to people.
_FROM: Mapping[type, tuple[tuple[type, ...], Callable[[Any], Any]]] = {
    bool: ((bool,), bool),
    int: ((int,), int),
    float: (_NUMBER, float),
    str: ((str,), str),
    timedelta: ((*_NUMBER, str), duration),
    datetime: ((str,), datetime.fromisoformat),
    date: ((str,), date.fromisoformat),
    time: ((str,), time.fromisoformat),
    Decimal: ((*_NUMBER, str), _number),
    Path: ((str,), Path),
    UUID: ((str,), UUID),
    bytes: ((str,), str.encode),
    type(None): ((type(None),), _null),
}
_GROUPS: Mapping[Any, Callable[[Sequence[Any]], Any]] = {
    list: list,
    set: set,
    frozenset: frozenset,
    Sequence: list,
    AbstractSet: frozenset,
}


def convert_plain(value: JSON, target: Target, key: str, inner: Convert) -> JSON:
    """Return a value as a type of the standard library; `inner` converts what it consists of.

    Raises:
        WrongTypeError: it does not fit.
    """
    origin, arguments = get_origin(target), get_args(target)
    if target in {Any, object}:
        return value
    if origin is Annotated:
        return inner(value, arguments[0], key)
    if origin in {Union, types.UnionType}:
        return _one_of(value, target, key, inner)
    if origin is not None or target in {list, dict, tuple, set, frozenset}:
        return _made_of(value, target, key, inner)
    return _alone(value, target, key)


def _alone(value: JSON, target: Target, key: str) -> JSON:
    target = type(None) if target is None else target
    if isinstance(target, type) and issubclass(target, Enum):
        accepted, make = (str, int, float), cast("Callable[[JSON], JSON]", target)
    elif target in _FROM:
        accepted, make = _FROM[target]
    else:
        raise TypeError(f"{key}: {describe(target)} is no type that values can be bound to")
    # `type(...) in`, not isinstance: true is no number.
    if type(value) in accepted:
        try:
            return make(value)
        except (ValueError, ArithmeticError):
            pass
    raise WrongTypeError.at(key, describe(target), found(value)) from None


def _one_of(value: JSON, target: Target, key: str, inner: Convert) -> JSON:
    deeper: WrongTypeError | None = None
    for each in get_args(target):
        try:
            return inner(value, each, key)
        except WrongTypeError as error:
            # `Model | None`: what is wrong inside the model says more.
            deeper = error if error.key != key else deeper
    raise (deeper or WrongTypeError.at(key, describe(target), found(value))) from None


def _made_of(value: JSON, target: Target, key: str, inner: Convert) -> JSON:
    origin, arguments = get_origin(target) or target, get_args(target)
    wrong = WrongTypeError.at(key, describe(target), found(value))
    if origin is Literal:
        if any(value == each and type(value) is type(each) for each in arguments):
            return value
        raise wrong
    if origin in {dict, Mapping}:
        if not isinstance(value, dict):
            raise wrong
        wanted = arguments[1] if arguments else Any
        members = cast("dict[str, JSON]", value)
        return {name: inner(each, wanted, f"{key}/{name}") for name, each in members.items()}
    if not isinstance(value, list):
        raise wrong
    items = cast("list[JSON]", value)
    if origin is tuple:
        return _tuple(items, arguments, key, inner, wrong)
    if origin not in _GROUPS:
        raise TypeError(f"{key}: {describe(target)} is no type that values can be bound to")
    wanted = arguments[0] if arguments else Any
    return _GROUPS[origin]([inner(each, wanted, f"{key}[{n}]") for n, each in enumerate(items)])


def _tuple(
    items: Sequence[JSON], wanted: Sequence[Any], key: str, inner: Convert, wrong: WrongTypeError
) -> tuple[Any, ...]:
    if not wanted:
        return tuple(items)
    if wanted[-1] is Ellipsis:
        wanted = [wanted[0]] * len(items)
    if len(wanted) != len(items):
        raise wrong
    pairs = enumerate(zip(items, wanted, strict=True))
    return tuple(inner(each, kind, f"{key}[{n}]") for n, (each, kind) in pairs)
