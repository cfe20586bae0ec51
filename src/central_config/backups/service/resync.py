"""What a restored database needs before anybody may use it: a future that nobody has seen yet.

A restore takes revisions away, and their numbers would be given out again. Whoever remembers one -
an application, a replica, a proxy - could then be told "nothing new" of something else. So every
workspace moves past all that was ever seen; the revisions in between are marked as lost (410), and
whoever asks for what came after one of them gets a snapshot.
"""

from collections.abc import Mapping
from uuid import UUID

from msgspec import Struct

from central_config.audit import service as audit
from central_config.audit.model import SYSTEM, Event
from central_config.backups.store import afterwards as store
from central_config.backups.store.afterwards import Later
from central_config.core.clock import Clock, SystemClock
from central_config.core.db import Connection, open_database, transaction
from central_config.core.ids import new_id
from central_config.core.json import JSON
from central_config.core.settings import Settings
from central_config.workspaces.service import move_past, notify

# How far workspaces move where what was seen is known, and where it is not.
MARGIN, MARGIN_UNKNOWN = 1_000, 1_000_000
_WORDS = "the database was restored; whether this was done before that is not known"


class Resynced(Struct, frozen=True, kw_only=True):
    """What was done: the new revision of each workspace, and what stays revoked."""

    restore_id: UUID
    revisions: dict[UUID, int]
    keys_kept_revoked: list[str]
    users_kept_inactive: list[str]


async def bump_after_restore(
    url: str,
    settings: Settings,
    floors: Mapping[str, int],
    *,
    reason: str = "point-in-time recovery",
    later: Later | None = None,
    clock: Clock | None = None,
) -> Resynced:
    """Move every workspace past all that anybody has seen, and settle what cannot go on.

    Every sign-in ends, and jobs that had not ended are cancelled: they may have been done since.

    Args:
        url: the restored database; nobody uses it yet.
        settings: how to connect.
        floors: by workspace, the last revision known to have been given out.
        reason: why it was restored, for the audit log and the timeline.
        later: what the database that is replaced knows. Without it and without floors nobody
            knows what was seen, and workspaces move very far.
        clock: the time.
    """
    database = open_database(url, settings, application="central-config-restore")
    try:
        async with transaction(database) as connection:
            return await _bump(connection, floors, reason, later, clock or SystemClock())
    finally:
        await database.dispose()


async def _bump(
    connection: Connection,
    floors: Mapping[str, int],
    reason: str,
    later: Later | None,
    clock: Clock,
) -> Resynced:
    seen = {UUID(each): revision for each, revision in floors.items()}
    if later is not None:
        for each, revision in later.revisions.items():
            seen[each] = max(seen.get(each, 0), revision)
    margin = MARGIN if later is not None or floors else MARGIN_UNKNOWN
    restore_id = new_id()
    message = f"Restored: {reason}"
    gaps = await move_past(connection, seen, margin, restore_id, SYSTEM.name, message)
    keys: list[str] = []
    users: list[str] = []
    if later is not None:
        keys, users = await store.carry_over(connection, later)
    await store.settle(connection, _WORDS)
    details: dict[str, JSON] = {
        "reason": reason,
        "workspaces": len(gaps),
        "keys_kept_revoked": list[JSON](keys),
        "users_kept_inactive": list[JSON](users),
    }
    event = Event("database.restored", f"restore:{restore_id}", SYSTEM, details=details)
    await audit.record(connection, [event], clock)
    revisions = {each: gap.revision for each, gap in gaps.items()}
    await notify(connection, revisions)
    return Resynced(
        restore_id=restore_id,
        revisions=revisions,
        keys_kept_revoked=keys,
        users_kept_inactive=users,
    )
