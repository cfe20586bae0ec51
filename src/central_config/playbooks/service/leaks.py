"""A token that leaked: whose it is, what it reaches, what was done with it, and how it ends.

The token itself is kept nowhere. It is known by its hash, and shown by its visible beginning.
"""

from typing import Any
from uuid import UUID

from central_config.access.model import (
    KEY_PREFIX_LENGTH,
    Caller,
    Principal,
    WorkspaceRef,
    token_digest,
)
from central_config.access.service import AccessService, Throttle
from central_config.audit.model import Actor
from central_config.core.clock import SystemClock
from central_config.core.db import Database
from central_config.playbooks.model.errors import RefusedError
from central_config.playbooks.service.planning import operator
from central_config.playbooks.service.world import World
from central_config.playbooks.store import questions
from central_config.playbooks.store.opened import opened

Row = dict[str, Any]
_KEY, _SESSION = "cc_", "ccs_"


def is_session(given: str) -> bool:
    """Tell whether it is the token of a sign-in."""
    return given.startswith(_SESSION)


def is_whole(given: str) -> bool:
    """Tell whether it is a token, not the visible beginning of one."""
    return len(given) > KEY_PREFIX_LENGTH


def shown(given: str) -> str:
    """Return what may be shown of a token."""
    return f"{_SESSION}..." if is_session(given) else given[:KEY_PREFIX_LENGTH]


async def find_key(world: World) -> Row | None:
    """Return the key of the token that was handed over, or of its visible beginning.

    Raises:
        UnreachableError: the database does not answer.
        RefusedError: the beginning is that of several keys.
    """
    given = world.given
    if not given.startswith(_KEY) or len(given) < KEY_PREFIX_LENGTH:
        return None
    prefix = "" if is_whole(given) else given
    rows = await world.rows(questions.KEYS, token_digest(given), prefix)
    if len(rows) > 1:
        raise RefusedError(f"{len(rows)} keys begin with {prefix}: hand over the whole token")
    return rows[0] if rows else None


async def find_session(world: World) -> Row | None:
    """Return the sign-in of the token that was handed over.

    Raises:
        UnreachableError: the database does not answer.
    """
    rows = await world.rows(questions.SESSIONS, token_digest(world.given))
    return rows[0] if rows else None


async def revoke_key(world: World, key_id: UUID) -> None:
    """Revoke a key for ever; every process forgets it within a second.

    Raises:
        Problem: `not-found`.
        UnreachableError: the database does not answer.
    """
    async with opened(world.settings) as database:
        await _access(world, database).keys.revoke(_caller(), key_id)


async def end_session(world: World, session_id: UUID) -> None:
    """End a sign-in.

    Raises:
        UnreachableError: the database does not answer.
    """
    async with opened(world.settings) as database:
        await _access(world, database).sessions.sign_out(_caller(session_id))


def _access(world: World, database: Database) -> AccessService:
    async def no_workspace(_: str | UUID) -> WorkspaceRef | None:
        return None  # neither revoking nor signing out asks for one by its name

    return AccessService(database, SystemClock(), world.settings, Throttle(None), no_workspace)


def _caller(session_id: UUID | None = None) -> Caller:
    """Return the operator at this machine, as the audit log names whoever has no account."""
    name = operator()
    principal = Principal(
        kind="system",
        id=UUID(int=0),
        name=name,
        grants={None: frozenset({"key.manage"})},
        session_id=session_id,
    )
    return Caller(principal, Actor("system", None, name))
