"""What a backup is, whichever way it was made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct, field

Method = Literal["physical", "portable"]
Kind = Literal["full", "incr", "diff", "export", "configuration"]


class Backup(Struct, frozen=True, kw_only=True):
    """One backup in a repository.

    Attributes:
        label: its name, unique in its repository.
        method: `physical` is pgBackRest's: files of the server and its log. `portable` is one
            encrypted file that any PostgreSQL of the same or a later version takes.
        kind: `full`, `diff` and `incr` are physical ones, `export` is a portable one of the
            database, `configuration` is what is needed beside the database.
        started_at: of the moment it shows, or shortly before; with zone.
        finished_at: when it was complete; with zone.
        size_bytes: what it takes in the repository.
        location: where it is, for a person: a path or an address without credentials.
        encrypted: whether it is unreadable without the passphrase.
        detail: what only one method knows (versions, heads, what it rests on), fit for JSON.
    """

    label: str
    method: Method
    kind: Kind
    started_at: datetime
    finished_at: datetime
    size_bytes: int
    location: str
    encrypted: bool
    detail: Mapping[str, object] = field(default_factory=dict[str, object])
