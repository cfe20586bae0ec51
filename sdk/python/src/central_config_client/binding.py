"""Keys and values as typed objects: dataclasses, pydantic and msgspec models.

Neither pydantic nor msgspec is needed; each is imported by whoever hands in one of its models.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar, cast, get_type_hints

from central_config_client.errors import WrongTypeError
from central_config_client.models import adapter
from central_config_client.scalars import convert_plain, describe, found
from central_config_client.snapshot import ABSENT, JSON, Snapshot, Target, same
from central_config_client.tree import below, field_of, joined, tree

T = TypeVar("T")

__all__ = ["Live", "bind", "convert"]


def bind(values: Mapping[str, JSON], model: type[T], prefix: str = "") -> T:
    """Return the keys below a prefix as a model.

    Raises:
        WrongTypeError: the values do not fit.
    """
    return convert(tree(values, prefix), model, prefix.rstrip("/"))


def convert(value: JSON, target: type[T], key: str) -> T:
    """Return a value as a type; `key` names it in errors.

    Raises:
        WrongTypeError: it does not fit.
    """
    return cast("T", _convert(value, target, key))


def _convert(value: JSON, target: Target, key: str) -> JSON:
    foreign = adapter(target)
    if foreign is not None:
        return foreign(value, target, key)
    if dataclasses.is_dataclass(target):
        return _dataclass(value, target, key)
    return convert_plain(value, target, key, _convert)


def _dataclass(value: JSON, target: Target, key: str) -> JSON:
    if not isinstance(value, dict):
        raise WrongTypeError.at(key, describe(target), found(value))
    members = cast("dict[str, JSON]", value)
    hints = get_type_hints(target, include_extras=True)
    given: dict[str, Any] = {}
    for field in dataclasses.fields(target):
        if not field.init:
            continue
        segment = field_of(members, field.name)
        where = joined(key, field.name if segment is None else segment)
        if segment is not None:
            given[field.name] = _convert(members[segment], hints[field.name], where)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise WrongTypeError.at(where, describe(hints[field.name]), found(ABSENT))
    return target(**given)


class Live(Generic[T]):
    """A model that follows the configuration.

    `value` is a new object after a change below the prefix, and the same object until then. Where
    new values do not fit the model, `value` stays the last that did and `error` says why.
    """

    def __init__(self, snapshot: Callable[[], Snapshot], model: type[T], prefix: str) -> None:
        self._snapshot = snapshot
        self._model = model
        self._prefix = prefix
        self._error: WrongTypeError | None = None
        seen = snapshot()
        self._built = seen, below(seen.values, prefix), bind(seen.values, model, prefix)

    @property
    def value(self) -> T:
        """The model as of the present revision.

        Raises:
            StaleError: the configuration is older than allowed.
        """
        now = self._snapshot()
        seen, part, value = self._built
        if now is seen:
            return value
        present = below(now.values, self._prefix)
        if not same(present, part):
            try:
                value = bind(now.values, self._model, self._prefix)
                self._error = None
            except WrongTypeError as error:
                self._error = error
        self._built = now, present, value
        return value

    @property
    def error(self) -> WrongTypeError | None:
        """Why the present values do not fit the model; None if they do."""
        _ = self.value
        return self._error
