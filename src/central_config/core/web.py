"""HTTP plumbing that the routes of every feature share: who asks, what they need, pages, matches.

A route declares its permission with `requires(...)`; a test walks all routes and fails for one
that does not. How a request is checked is the application's matter: it puts a `Guard` on its state.
"""

import base64
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Query, Request
from pydantic import AfterValidator, AwareDatetime

from central_config.core.clock import parse_rfc3339
from central_config.core.json import JSON, decode, encode
from central_config.core.problems import FieldError, Problem

T = TypeVar("T")

DEFAULT_LIMIT = 100
MAXIMUM_LIMIT = 1000


class Guard(Protocol):
    """Decides whether a request may do what its route declares."""

    async def check(self, request: Request, permission: str) -> Any:  # noqa: ANN401 - the caller
        """Return the caller, or raise the problem that refuses it."""
        ...

    async def still_valid(self, request: Request) -> bool:
        """Tell whether what a long answer was allowed for is still allowed."""
        ...


class Requirement:
    """The dependency a route declares; carries the permission so that tests can read it."""

    def __init__(self, permission: str) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Any:  # noqa: ANN401 - the caller, typed at the route
        """Let the application's guard decide."""
        guard: Guard = request.app.state.guard
        return await guard.check(request, self.permission)


def requires(permission: str) -> Any:  # noqa: ANN401 - FastAPI's own marker
    """Declare the permission of a route; the value is the `Caller`."""
    return Depends(Requirement(permission))


def provided(kind: type[T]) -> Any:  # noqa: ANN401 - FastAPI's own marker
    """Declare a service that the application built at start; the value is of that type."""

    def find(request: Request) -> T:
        services: dict[type, Any] = request.app.state.services
        return services[kind]

    return Depends(find)


Limit = Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT, description="Items in one answer")]
Cursor = Annotated[
    str | None, Query(description="`next_cursor` of the answer before; absent for the first")
]


def encode_cursor(position: list[JSON]) -> str:
    """Return a position in a list as an opaque text."""
    return base64.urlsafe_b64encode(encode(position)).rstrip(b"=").decode()


# Digits of a revision: what fits PostgreSQL's bigint.
LONGEST_REVISION = 18


def decode_cursor(cursor: str | None, *kinds: type) -> list[Any] | None:
    """Return the position a cursor holds, or None for the beginning.

    `kinds` says what its parts are: `int`, `str`, or `UUID`, which stands in it as a text.

    Raises:
        Problem: `malformed-cursor`.
    """
    if cursor is None:
        return None
    try:
        position = decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        parts = position if isinstance(position, list) else []
        return [_part(part, kind) for part, kind in zip(parts, kinds, strict=True)]
    except (ValueError, RecursionError):
        raise Problem("malformed-cursor", "the cursor is not one this service gave") from None


def _part(part: JSON, kind: type) -> int | str | UUID:
    """Return one part of a cursor.

    Raises:
        ValueError: it is none of ours.
    """
    if kind is int and type(part) is int and 0 <= part < 10**LONGEST_REVISION:
        return part
    if kind is not int and isinstance(part, str) and "\0" not in part:
        return UUID(part) if kind is UUID else part
    raise ValueError


def _refuse_nul(text: str) -> str:
    # PostgreSQL cannot keep one, so it is refused where the caller can still be told.
    if "\0" in text:
        message = "must not contain the character NUL"
        raise ValueError(message)
    return text


# A text that is stored as it is; inside JSON values, NUL is as good as any other character.
Text = Annotated[str, AfterValidator(_refuse_nul)]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        message = "lies outside of the calendar"
        raise ValueError(message) from None


# A time with its zone, in UTC from here on.
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


def parse_at(text: str | None, pointer: str = "?at") -> int | datetime | None:
    """Return the revision or moment a text names; None for None.

    Raises:
        Problem: `invalid-request`.
    """
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_REVISION:
        return int(text)
    # In an address a plus sign means a space; a time zone such as +02:00 comes with either.
    moment = parse_rfc3339(text.replace(" ", "+"))
    if moment is None:
        detail = "write a revision, or a time with its zone such as 2026-11-23T12:00:00Z"
        raise Problem("invalid-request", detail, errors=[FieldError(pointer, detail)])
    return moment


_ENTITY_TAG = re.compile(r'^(?:W/)?"?(\d{1,18})(?:-[a-z]+)?"?$')


class Match:
    """What If-Match and If-None-Match ask: `expected` revision, `any`, `absent`, or nothing."""

    def __init__(self, if_match: str | None, if_none_match: str | None) -> None:
        self.any = if_match is not None and if_match.strip() == "*"
        self.absent = if_none_match is not None and if_none_match.strip() == "*"
        self.expected: int | None = None
        if if_match is not None and not self.any:
            found = _ENTITY_TAG.match(if_match.strip())
            if found is None:
                raise Problem(
                    "malformed-header", f'If-Match must be "REVISION" or *, not {if_match[:80]!r}'
                )
            self.expected = int(found.group(1))
        if self.absent and if_match is not None:
            raise Problem("malformed-header", "If-Match and If-None-Match exclude each other")


def _match(
    if_match: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Match:
    return Match(if_match, if_none_match)


Matched = Annotated[Match, Depends(_match)]
