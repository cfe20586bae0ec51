"""Everything this package raises. The service's refusals, one class each: `problems`."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from central_config_client.compat import override


class CentralConfigError(Exception):
    """The base of everything this package raises."""


class NotStartedError(CentralConfigError):
    """The configuration was read before it was started."""


class UnavailableError(CentralConfigError):
    """The server could not be reached; `__cause__` says why."""


class StaleError(CentralConfigError):
    """What is known is older than the application allows.

    Args:
        age: seconds since the server last confirmed it.
        limit: seconds it may be old.
        what: what is too old.
    """

    def __init__(self, age: float, limit: float, what: str = "the configuration") -> None:
        super().__init__(f"{what} is {age:.0f} s old; {limit:.0f} s are allowed")
        self.age = age
        self.limit = limit


class CacheError(CentralConfigError):
    """The cache file cannot be used: missing, damaged, changed by somebody, or of another place."""


class MissingKeyError(CentralConfigError, KeyError):
    """The environment serves no such key, or the API key does not reach it."""

    @override
    def __str__(self) -> str:
        return str(self.args[0])


class MaskedError(MissingKeyError):
    """The value is a secret that this API key is not given; make the key with `--secrets`."""


class Mismatch(NamedTuple):
    """A value that does not fit. `expected` and `found` are types, never values."""

    key: str
    expected: str
    found: str

    @override
    def __str__(self) -> str:
        return f"{self.key}: expected {self.expected}, found {self.found}"


class WrongTypeError(CentralConfigError, TypeError):
    """Values do not have the types that were asked for.

    The text names keys and types but no values: they may be secrets.
    """

    def __init__(self, mismatches: Sequence[Mismatch]) -> None:
        super().__init__("; ".join(str(each) for each in mismatches))
        self.mismatches = tuple(mismatches)

    @classmethod
    def at(cls, key: str, expected: str, found: str) -> "WrongTypeError":
        """Return the error of one key."""
        return cls([Mismatch(key, expected, found)])

    @property
    def key(self) -> str:
        """The first key that does not fit."""
        return self.mismatches[0].key

    @property
    def expected(self) -> str:
        """The type that was asked for."""
        return self.mismatches[0].expected

    @property
    def found(self) -> str:
        """The type that was found."""
        return self.mismatches[0].found


class FieldError(NamedTuple):
    """What is wrong in one place of a request: a JSON pointer, `?parameter` or a header."""

    pointer: str
    detail: str


class ProblemError(CentralConfigError):
    """A refusal of the service (RFC 9457). Each code of the service has a class in `problems`.

    Args:
        detail: what was wrong this time.
        document: the whole answer.
        status: the HTTP status of the answer.
        retry_after: seconds, if the service said so.
    """

    code: str = "unknown"
    status: int = 0
    _KNOWN: ClassVar[frozenset[str]] = frozenset(
        {"type", "title", "status", "detail", "instance", "code", "request_id", "errors"}
    )

    def __init__(
        self,
        detail: str,
        document: Mapping[str, Any] | None = None,
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        document = document or {}
        self.code = str(document.get("code", self.code))
        super().__init__(f"{self.code}: {detail}")
        self.detail = detail
        self.status = self.status if status is None else status
        self.title = str(document.get("title", ""))
        self.request_id = str(document.get("request_id", ""))
        self.errors = tuple(
            FieldError(str(each.get("pointer", "")), str(each.get("detail", "")))
            for each in document.get("errors", ())
        )
        self.extra = {name: each for name, each in document.items() if name not in self._KNOWN}
        self.retry_after = retry_after
