"""The reading side of a configuration: a mapping, typed getters, models, callbacks."""

import copy
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from datetime import timedelta
from typing import TypeVar, overload

from central_config_client.binding import Live, bind, convert
from central_config_client.callbacks import OnChange, OnRevision, Subscribers, Subscription
from central_config_client.compat import override
from central_config_client.current import Current, Source
from central_config_client.errors import (
    MaskedError,
    MissingKeyError,
    NotStartedError,
    StaleError,
)
from central_config_client.snapshot import ABSENT, JSON, Snapshot

T = TypeVar("T")
D = TypeVar("D")
_REQUIRED: JSON = ABSENT


class View(Mapping[str, JSON]):
    """Configuration as an immutable-looking mapping from keys to values, always the last revision.

    A read is a look-up in a dictionary. Values are shared: do not change a list or an object that
    you got here; `get_json` gives a copy.

    Args:
        current: what is known.
        where: names the place in messages, as `workspace/environment`.
        max_age: seconds without confirmation after which reads raise `StaleError`; None: never.
    """

    def __init__(self, current: Current, where: str, max_age: float | None = None) -> None:
        self._current = current
        self._where = where
        self._max_age = max_age
        self._subscribers = Subscribers()

    @override
    def __getitem__(self, key: str) -> JSON:
        if self._max_age is not None and self._current.older(self._max_age):
            raise self._stale()
        try:
            return self._current.values[key]
        except KeyError:
            raise self._absent(key) from None

    @override
    def get(self, key: str, /, default: JSON = None) -> JSON:
        """Return a value, or `default` where the environment serves no such key.

        Raises:
            MaskedError: the key is there, but this API key is not given its value.
            StaleError: see `max_age`.
        """
        if self._max_age is not None and self._current.older(self._max_age):
            raise self._stale()
        value = self._current.values.get(key, ABSENT)
        return self._default(key, default) if value is ABSENT else value

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self.snapshot.values)

    @override
    def __len__(self) -> int:
        return len(self.snapshot.values)

    @override
    def __contains__(self, key: object) -> bool:
        return key in self.snapshot.values

    @override
    def __repr__(self) -> str:
        # No values: they may be secrets.
        known = self._current
        return (
            f"<{type(self).__name__} {self._where} revision {known.snapshot.revision}, "
            f"{len(known.values)} keys, {known.source}>"
        )

    @override
    def keys(self) -> KeysView[str]:
        """Return the keys of the present revision; the result does not change later."""
        return self.snapshot.values.keys()

    @override
    def items(self) -> ItemsView[str, JSON]:
        """Return keys and values of the present revision; the result does not change later."""
        return self.snapshot.values.items()

    @override
    def values(self) -> ValuesView[JSON]:
        """Return the values of the present revision; the result does not change later."""
        return self.snapshot.values.values()

    @property
    def snapshot(self) -> Snapshot:
        """Everything, at one revision: for reading several keys that belong together."""
        if self._max_age is not None and self._current.older(self._max_age):
            raise self._stale()
        if self._current.source is None:
            raise self._not_started()
        return self._current.snapshot

    @property
    def revision(self) -> int:
        """The revision that is shown."""
        return self._current.snapshot.revision

    @property
    def age(self) -> float:
        """Seconds since the server last confirmed that what is shown is current."""
        return self._current.age

    @property
    def source(self) -> Source | None:
        """`live`; `cache` until the server first answered; None before the start."""
        return self._current.source

    @property
    def deprecated(self) -> frozenset[str]:
        """Keys that should not be used any more."""
        return self._current.snapshot.deprecated

    @property
    def masked(self) -> frozenset[str]:
        """Keys whose values this API key is not given."""
        return self._current.snapshot.masked

    def get_as(self, type_: type[T], key: str, default: D = _REQUIRED) -> T | D:
        """Return a value as a type that `bind` knows.

        Raises:
            MissingKeyError: there is no such key, and no default.
            WrongTypeError: the value does not have that type.
        """
        value = self[key] if default is _REQUIRED else self.get(key, ABSENT)
        if type(value) is type_:
            return value
        return default if value is ABSENT else convert(value, type_, key)

    @overload
    def get_str(self, key: str) -> str: ...
    @overload
    def get_str(self, key: str, default: D) -> str | D: ...
    def get_str(self, key: str, default: JSON = _REQUIRED) -> JSON:
        """Return a text. Raises as `get_as`."""
        return self.get_as(str, key, default)

    @overload
    def get_int(self, key: str) -> int: ...
    @overload
    def get_int(self, key: str, default: D) -> int | D: ...
    def get_int(self, key: str, default: JSON = _REQUIRED) -> JSON:
        """Return a whole number; neither `true` nor "5" is one. Raises as `get_as`."""
        return self.get_as(int, key, default)

    @overload
    def get_float(self, key: str) -> float: ...
    @overload
    def get_float(self, key: str, default: D) -> float | D: ...
    def get_float(self, key: str, default: JSON = _REQUIRED) -> JSON:
        """Return a number as a float. Raises as `get_as`."""
        return self.get_as(float, key, default)

    @overload
    def get_bool(self, key: str) -> bool: ...
    @overload
    def get_bool(self, key: str, default: D) -> bool | D: ...
    def get_bool(self, key: str, default: JSON = _REQUIRED) -> JSON:
        """Return `true` or `false`; no text and no number is one. Raises as `get_as`."""
        return self.get_as(bool, key, default)

    @overload
    def get_duration(self, key: str) -> timedelta: ...
    @overload
    def get_duration(self, key: str, default: D) -> timedelta | D: ...
    def get_duration(self, key: str, default: JSON = _REQUIRED) -> JSON:
        """Return a time span, from seconds or a text as "1h30m", "250ms". Raises as `get_as`."""
        return self.get_as(timedelta, key, default)

    def get_json(self, key: str, default: JSON = _REQUIRED) -> JSON:
        """Return any value, as a copy that you may change. Raises as `get_as`."""
        value = self[key] if default is _REQUIRED else self.get(key, default)
        return copy.deepcopy(value)

    def bind(self, model: type[T], prefix: str = "") -> T:
        """Return the keys below a prefix as a dataclass, a pydantic or a msgspec model.

        `a/b/c` is field `c` of field `b` of field `a`; `-` and `.` in keys may be `_` in fields.

        Raises:
            WrongTypeError: names each key that does not fit, what is expected and what is there.
        """
        return bind(self.snapshot.values, model, prefix)

    def live(self, model: type[T], prefix: str = "") -> Live[T]:
        """Return an object whose `value` is always the present `bind(model, prefix)`.

        Raises:
            WrongTypeError: as `bind`, for what is there now.
        """
        return Live(lambda: self.snapshot, model, prefix)

    @overload
    def on_change(self, callback: OnChange, *, prefix: str = "") -> Subscription: ...
    @overload
    def on_change(
        self, callback: None = None, *, prefix: str = ""
    ) -> Callable[[OnChange], OnChange]: ...
    def on_change(self, callback: OnChange | None = None, *, prefix: str = "") -> JSON:
        """Call back with `(key, old, new, revision)` after each change of a value.

        The view shows all of a revision before the first callback for it. Callbacks come in the
        order of revisions and one at a time; one that raises is logged. Also a decorator.
        """
        since = self._current.position()
        if callback is not None:
            return self._subscribers.on_change(callback, prefix, since)

        def decorate(decorated: OnChange) -> OnChange:
            self._subscribers.on_change(decorated, prefix, since)
            return decorated

        return decorate

    def on_revision(self, callback: OnRevision, *, prefix: str = "") -> Subscription:
        """Call back with `(revision, changes)`, once for all a revision changes."""
        return self._subscribers.on_revision(callback, prefix, self._current.position())

    def _stale(self) -> StaleError:
        return StaleError(self._current.age, self._max_age or 0.0)

    def _default(self, key: str, default: JSON) -> JSON:
        if self._current.source is None or key in self._current.snapshot.masked:
            raise self._absent(key)
        return default

    def _absent(self, key: str) -> NotStartedError | MissingKeyError:
        if self._current.source is None:
            return self._not_started()
        if key in self._current.snapshot.masked:
            return MaskedError(f"{self._where}: {key} is a secret that is not given to this key")
        return MissingKeyError(f"{self._where} serves no key {key}")

    def _not_started(self) -> NotStartedError:
        return NotStartedError(f"{self._where} is not started: use `with`, or call start()")
