"""API keys: each belongs to one workspace and reaches a part of it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from central_config.access.model import (
    KEY_PREFIX_LENGTH,
    ApiKey,
    Caller,
    KeyScope,
    WorkspaceRef,
    key_permissions,
    token_digest,
)
from central_config.access.service.change import Change, Tools
from central_config.access.service.tokens import new_key_token
from central_config.access.store import keys
from central_config.audit.model import Event
from central_config.core.clock import rfc3339
from central_config.core.db import Database
from central_config.core.ids import new_id
from central_config.core.json import JSON
from central_config.core.problems import Problem, invalid

_PAGE = 1000

# Finds a workspace by its slug or its id; None when there is none.
ResolveWorkspace = Callable[[str | UUID], Awaitable[WorkspaceRef | None]]


class NewKey(msgspec.Struct, frozen=True):
    """A key to create; `workspace` is a slug, the rest as in `KeyScope`."""

    name: str
    workspace: str
    access: str = "read"
    environments: frozenset[str] | None = None
    key_prefix: str = ""
    secrets: bool = False
    expires_at: datetime | None = None


class MadeKey(NamedTuple):
    """A new key, its token, and the id of the user who made it."""

    key: ApiKey
    token: str
    author: UUID | None


class Keys:
    """Creates, lists and revokes API keys."""

    def __init__(self, tools: Tools, resolve_workspace: ResolveWorkspace) -> None:
        self._tools = tools
        self._resolve = resolve_workspace

    async def create(self, caller: Caller, new: NewKey) -> tuple[ApiKey, str]:
        """Create a key; return it and its token, which is shown this once.

        Raises:
            Problem: `workspace-not-found`; `permission-denied` when the caller may not manage
                keys there or the key would allow what the caller may not; `invalid-request`.
        """
        workspace = await self._managed(caller, new.workspace)
        now = self._tools.clock.now()
        if new.expires_at is not None and new.expires_at <= now:
            raise invalid("/expires_at", "the time has passed already")
        scope = KeyScope(workspace.id, new.environments, new.key_prefix, new.access, new.secrets)
        check_may_give(caller, scope)
        made = new_key(caller, new.name, scope, now, new.expires_at)
        async with self._tools.change() as change:
            await keys.insert(change.connection, made.key, token_digest(made.token), made.author)
            note(change, "key.created", made.key, caller)
        return made.key, made.token

    async def page(
        self,
        caller: Caller,
        workspace: str | None,
        after: UUID | None,
        limit: int,
        *,
        older_than: timedelta | None = None,
    ) -> list[ApiKey]:
        """Return keys, newest first: of one workspace, or of all where the caller manages keys.

        Raises:
            Problem: `workspace-not-found`; `permission-denied`.
        """
        places = await self.places(caller, workspace)
        before = None if older_than is None else self._tools.clock.now() - older_than
        async with self._tools.database.connect() as connection:
            return await keys.page(connection, places, after, limit, before=before)

    async def places(self, caller: Caller, workspace: str | None) -> frozenset[UUID] | None:
        """Return the workspace, or all where the caller manages keys; None: everywhere.

        Raises:
            Problem: `workspace-not-found`; `permission-denied`.
        """
        if workspace is not None:
            return frozenset({(await self._managed(caller, workspace)).id})
        places = caller.principal.places("key.manage")
        if places is not None and not places:
            raise Problem("permission-denied", "this needs the permission key.manage")
        return places

    async def get(self, caller: Caller, key_id: UUID) -> ApiKey:
        """Return a key.

        Raises:
            Problem: `not-found`, also for a key of a workspace where the caller manages none.
        """
        async with self._tools.database.connect() as connection:
            key = await keys.find(connection, key_id)
        return visible(caller, key, key_id)

    async def revoke(self, caller: Caller, key_id: UUID) -> None:
        """Revoke a key for ever; revoking it again changes nothing.

        Raises:
            Problem: `not-found`.
        """
        async with self._tools.change() as change:
            key = visible(caller, await keys.find(change.connection, key_id), key_id)
            if await keys.revoke(change.connection, key_id, self._tools.clock.now()):
                note(change, "key.revoked", key, caller)
                change.announce(f"key:{key_id}")

    async def workspace_slug(self, workspace_id: UUID) -> str:
        """Return a workspace's name in addresses; its id if it has just been deleted."""
        workspace = await self._resolve(workspace_id)
        return str(workspace_id) if workspace is None else workspace.slug

    async def workspace(self, caller: Caller, slug: str) -> WorkspaceRef:
        """Return a workspace the caller may know of.

        Raises:
            Problem: `workspace-not-found`.
        """
        workspace = await self._resolve(slug)
        if workspace is None or not caller.principal.sees(workspace.id):
            raise Problem("workspace-not-found", f"there is no workspace {slug[:64]}")
        return workspace

    async def _managed(self, caller: Caller, slug: str) -> WorkspaceRef:
        workspace = await self.workspace(caller, slug)
        if not caller.principal.can("key.manage", workspace.id):
            raise Problem("permission-denied", "this needs the permission key.manage")
        return workspace


def check_may_give(caller: Caller, scope: KeyScope) -> None:
    """Check that a key of this scope allows no more than its maker may.

    Raises:
        Problem: `permission-denied`.
    """
    missing = caller.principal.lacks(key_permissions(scope), scope.workspace_id)
    if missing:
        raise Problem(
            "permission-denied", f"the key would allow what you may not: {', '.join(missing)}"
        )


def new_key(
    caller: Caller, name: str, scope: KeyScope, moment: datetime, expires_at: datetime | None
) -> MadeKey:
    """Return a key that nobody has yet, and its token."""
    person = caller.principal.kind == "user"
    token = new_key_token()
    key = ApiKey(
        id=new_id(),
        name=name,
        prefix=token[:KEY_PREFIX_LENGTH],
        scope=scope,
        created_by=caller.principal.name if person else None,
        created_at=moment,
        expires_at=expires_at,
    )
    return MadeKey(key, token, caller.principal.id if person else None)


def visible(caller: Caller, key: ApiKey | None, key_id: UUID) -> ApiKey:
    """Return the key if the caller manages keys where it belongs.

    Raises:
        Problem: `not-found`.
    """
    if key is None or not caller.principal.can("key.manage", key.scope.workspace_id):
        raise Problem("not-found", f"there is no API key {key_id}")
    return key


def note(
    change: Change,
    action: str,
    key: ApiKey,
    caller: Caller,
    more: Mapping[str, JSON] | None = None,
) -> None:
    """Note an event in the chain of the key's workspace."""
    target, details = f"key:{key.prefix}", {**described(key), **(more or {})}
    change.events.append(Event(action, target, caller.actor, key.scope.workspace_id, details))


def described(key: ApiKey) -> dict[str, JSON]:
    """Return what an audit event says of a key."""
    environments = key.scope.environments
    return {
        "id": str(key.id),
        "name": key.name,
        "environments": None if environments is None else [*sorted(environments)],
        "key_prefix": key.scope.key_prefix,
        "access": key.scope.access,
        "secrets": key.scope.secrets,
        "expires_at": None if key.expires_at is None else rfc3339(key.expires_at),
    }


async def of_workspace(database: Database, workspace_id: UUID) -> list[ApiKey]:
    """Return all keys of a workspace, newest first; who may see them is for the caller to say."""
    found: list[ApiKey] = []
    async with database.connect() as connection:
        while True:
            after = found[-1].id if found else None
            page = await keys.page(connection, {workspace_id}, after, _PAGE)
            found += page
            if len(page) < _PAGE:
                return found
