"""What was done with backups: one record for each run that ended, well or not."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct, field

Action = Literal["create", "verify", "drill", "restore", "prune"]
Outcome = Literal["done", "failed"]
# As metrics and alerts know them: what can be lost.
Subject = Literal["database", "configuration"]
SUBJECTS: tuple[Subject, ...] = ("database", "configuration")


class Run(Struct, frozen=True, kw_only=True):
    """One run.

    Attributes:
        id: its own.
        action: what was done.
        method: `physical` or `portable`.
        kind: of the backup, see `Backup`.
        label: the backup; empty when it never came so far.
        outcome: whether it ended well.
        started_at: for a backup, the moment it shows.
        finished_at: when it ended.
        size_bytes: of the backup, where there is one.
        error: why it failed, in words without secrets.
        detail: what else is worth knowing, fit for JSON.
    """

    id: UUID
    action: Action
    method: str
    kind: str
    label: str
    outcome: Outcome
    started_at: datetime
    finished_at: datetime
    size_bytes: int | None = None
    error: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict[str, object])


class LastTimes(Struct, frozen=True, kw_only=True):
    """When something was well last; None: never."""

    database: datetime | None
    configuration: datetime | None
    drill: datetime | None
