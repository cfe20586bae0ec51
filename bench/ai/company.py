"""The company whose engineers ask: read from `tenant/`, which is data and nothing else.

`company.json` names environments, users, their own words and open drafts; `changes.jsonl` is its
history, a publication a line; `reads.json` is what its applications read, and when last.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

_PLACE = Path(__file__).parent / "tenant"


class Environment(msgspec.Struct, frozen=True):
    """An environment and the one it inherits from."""

    slug: str
    parent: str | None = None


class Edit(msgspec.Struct, frozen=True):
    """One step of a publication, as `Wish` of the service has it."""

    environment: str
    key: str
    action: str
    value: Any = None
    status: str | None = None
    secret: bool = False
    description: str | None = None


class Publication(msgspec.Struct, frozen=True):
    """What somebody published (or, among the drafts, only wrote) at a moment, and why."""

    at: datetime
    by: str
    message: str
    edits: Sequence[Edit]


class Reads(msgspec.Struct, frozen=True):
    """When applications read what is served.

    `since`: when counting began. `last`: by environment and key, None for never; every other key
    was read at `otherwise`.
    """

    since: datetime
    otherwise: datetime
    last: dict[str, dict[str, datetime | None]]


class Company(msgspec.Struct, frozen=True):
    """Whose configuration it is; `now` is when the questions are asked."""

    workspace: str
    name: str
    founded: datetime
    now: datetime
    environments: Sequence[Environment]
    users: Sequence[str]
    synonyms: dict[str, list[str]]
    drafts: Sequence[Publication]


def company() -> Company:
    """Return the company."""
    return msgspec.json.decode((_PLACE / "company.json").read_bytes(), type=Company)


def changes() -> Sequence[Publication]:
    """Return its history, oldest first."""
    lines = (_PLACE / "changes.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Publication) for line in lines]


def reads() -> Reads:
    """Return what its applications read."""
    return msgspec.json.decode((_PLACE / "reads.json").read_bytes(), type=Reads)
