"""Replacing API keys without locking anybody out: both keys are good for a while."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from central_config.access.model import ApiKey, Caller, Rotation, successor_name, token_digest
from central_config.access.service.change import Tools
from central_config.access.service.keys import (
    Keys,
    check_may_give,
    described,
    new_key,
    note,
    visible,
)
from central_config.access.store import keys, rotations
from central_config.core.clock import rfc3339
from central_config.core.problems import Problem


class KeyRotation:
    """Makes successors of keys, and tells which old ones are still in use."""

    def __init__(self, tools: Tools, known: Keys) -> None:
        self._tools = tools
        self._keys = known

    async def rotate(
        self, caller: Caller, key_id: UUID, overlap: timedelta
    ) -> tuple[Rotation, str]:
        """Create a key with the same scope; the old one ends after the overlap, if not before.

        The successor of a key that ends lives as long as that one was meant to live.

        Returns:
            What was done, and the new key's token, which is shown this once.

        Raises:
            Problem: `not-found`; `wrong-state` for a key that is revoked, has ended or has a
                successor; `permission-denied` when the key would allow what the caller may not.
        """
        async with self._tools.change() as change:
            found = await keys.find(change.connection, key_id, lock=True)
            old, now = visible(caller, found, key_id), self._tools.clock.now()
            _check_replaceable(old, now)
            check_may_give(caller, old.scope)
            generation = await rotations.generation(change.connection, key_id)
            expires_at = None if old.expires_at is None else now + (old.expires_at - old.created_at)
            name = successor_name(old.name, generation)
            made = new_key(caller, name, old.scope, now, expires_at)
            ends = now + overlap if old.expires_at is None else min(now + overlap, old.expires_at)
            rotation = Rotation(
                msgspec.structs.replace(old, expires_at=ends, successor=made.key.id),
                msgspec.structs.replace(made.key, successor_of=old.id),
                generation + 1,
                now,
                ends,
            )
            await keys.insert(change.connection, made.key, token_digest(made.token), made.author)
            await rotations.insert(change.connection, rotation, ends)
            note(change, "key.created", made.key, caller)
            successor = {"successor": described(made.key), "overlap_ends_at": rfc3339(ends)}
            note(change, "key.rotated", old, caller, successor)
            change.announce(f"key:{key_id}")  # every process has to learn when it ends
        return rotation, made.token

    async def open_ones(self, caller: Caller, workspace: str | None) -> list[Rotation]:
        """Return the rotations whose old key is not revoked yet, oldest first.

        Raises:
            Problem: `workspace-not-found`; `permission-denied`.
        """
        places = await self._keys.places(caller, workspace)
        async with self._tools.database.connect() as connection:
            return await rotations.open_ones(connection, places)


def _check_replaceable(key: ApiKey, now: datetime) -> None:
    if key.successor is not None:
        raise Problem("wrong-state", f"the key has a successor already: {key.successor}")
    if key.revoked_at is not None:
        raise Problem("wrong-state", "the key is revoked; create a new one")
    if key.expires_at is not None and key.expires_at <= now:
        raise Problem("wrong-state", "the key has ended; create a new one")
