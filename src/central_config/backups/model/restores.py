"""What a restore would do, and what it did."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

Fate = Literal["same", "older", "newer", "vanishes", "comes back", "new"]


class WorkspaceFate(Struct, frozen=True):
    """What a restore does to a workspace: its last revision now and in the backup.

    `vanishes`: it was created after the backup. `comes back`: it was deleted after it.
    """

    slug: str
    fate: Fate
    live: int | None
    restored: int | None

    @property
    def words(self) -> str:
        """Say it in words."""
        if self.fate == "older":
            return f"loses {(self.live or 0) - (self.restored or 0)} revisions"
        return {
            "same": "has no other revisions",
            "newer": "gets revisions that the live database does not have",
            "vanishes": "vanishes: it was created after the backup",
            "comes back": "comes back: it was deleted after the backup",
            "new": "is not in the live database",
        }[self.fate]


class Plan(Struct, frozen=True, kw_only=True):
    """What a restore would do.

    Attributes:
        source: the backup, or the database that is put back.
        database: the one that is replaced.
        scratch: where the backup was restored to.
        aside: the name the replaced database will have.
        live: whether the live database could be asked.
        workspaces: what becomes of each.
        rows: tables with other numbers of rows: now, and in the backup.
        missing_roles: roles that are not here: what they may do was not restored.
        as_of: the moment the backup shows; None where that is not known.
        secrets: whether what is restored opens with the master key of here, in words.
        secrets_open: the same for programs.
    """

    source: str
    database: str
    scratch: str
    aside: str
    live: bool
    workspaces: tuple[WorkspaceFate, ...]
    rows: dict[str, tuple[int, int]]
    missing_roles: tuple[str, ...] = ()
    as_of: datetime | None = None
    secrets: str = ""
    secrets_open: bool = True


class Restored(Struct, frozen=True, kw_only=True):
    """What a restore did.

    Attributes:
        plan: what was planned.
        blocked_seconds: how long nobody could connect.
        revisions: the new last revision by workspace.
        keys_kept_revoked: API keys that were revoked after the backup and stay so.
        users_kept_inactive: the same of users.
        left_to_do: statements for a superuser: settings and grants we were not allowed to set.
    """

    plan: Plan
    blocked_seconds: float
    revisions: dict[str, int]
    keys_kept_revoked: tuple[str, ...]
    users_kept_inactive: tuple[str, ...]
    left_to_do: tuple[str, ...]
