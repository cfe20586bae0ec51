"""What of the past is asked for: the conditions a change of a value has to meet."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Changes of values by where, what, who and when; what is left out says nothing.

    Attributes:
        environments: slugs; none: all the caller may see.
        key: this very key.
        prefix: keys that begin so.
        words: keys that hold each of these texts, in whatever case.
        secret: only of keys that are secrets, or only of those that are none.
        author: the name of who published it.
        action: `set`, `remove` or `status`.
        since, until: `since` <= published < `until`.
        newest: whether the newest come first.
    """

    environments: tuple[str, ...] = ()
    key: str | None = None
    prefix: str = ""
    words: tuple[str, ...] = ()
    secret: bool | None = None
    author: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    newest: bool = True


class Position(NamedTuple):
    """The last change of the page before: within a revision they go by key and environment."""

    revision: int
    key: str
    environment_id: UUID
