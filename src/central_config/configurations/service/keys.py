"""What is said of a key in all environments: its description, and that it is a secret."""

from central_config.access.model import Caller
from central_config.audit.model import Event
from central_config.audit.service import record
from central_config.configurations.cache import Snapshots
from central_config.configurations.model.cells import REMOVED, Site
from central_config.configurations.model.changes import SET, Change, Condition
from central_config.configurations.model.keys import check_key
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service.edits import Wish
from central_config.configurations.service.publishing import Publishing
from central_config.configurations.service.writer import seal_past
from central_config.configurations.store import publishing as store
from central_config.configurations.store.rows import KeyRow
from central_config.core.clock import Clock
from central_config.core.db import Database, transaction
from central_config.core.json import JSON, decode
from central_config.core.problems import Problem
from central_config.secrets.service import Vault
from central_config.workspaces.model import RevisionRow
from central_config.workspaces.service import advance, lock_one


class Keys:
    """Describes keys, and makes them secrets."""

    def __init__(
        self,
        database: Database,
        snapshots: Snapshots,
        vault: Vault,
        publishing: Publishing,
        clock: Clock,
    ) -> None:
        self._database = database
        self._snapshots = snapshots
        self._vault = vault
        self._publishing = publishing
        self._clock = clock

    async def describe(self, caller: Caller, key: str, description: str) -> None:
        """Set the description of a key."""
        check_key(key)
        _require_everywhere(caller, key)
        async with transaction(self._database) as connection:
            row = KeyRow(caller.place.id, key, False, description, self._clock.now())
            await store.say_of_keys(connection, [row])
            details: dict[str, JSON] = {"description": description}
            event = Event("key.described", key, caller.actor, caller.place.id, details)
            await record(connection, [event], self._clock)

    async def make_secret(self, caller: Caller, key: str) -> Change | None:
        """Encrypt all the key holds, in every environment and in its history.

        Returns:
            None when done; the change in review where an environment that holds the key requires
            approval.
        """
        check_key(key)
        _require_everywhere(caller, key)
        state = await self._snapshots.fresh(caller.place.id)
        if key in state.secret_keys:
            return None
        wishes = _wishes(state, key)
        if not wishes:
            await self._mark(caller, key)
            return None
        result = await self._publishing.write(
            caller,
            wishes,
            message=f"Make {key} a secret",
            condition=Condition(since=state.revision),
            kind="secret",
        )
        return result if isinstance(result, Change) else None

    async def _mark(self, caller: Caller, key: str) -> None:
        """Mark a key that holds nothing now; a revision, so that every replica knows at once.

        It may have held something before, and drafts may hold something for it.
        """
        cipher = await self._vault.cipher(caller.place.id)
        async with transaction(self._database) as connection:
            locked = await lock_one(connection, caller.place.id)
            state = await self._snapshots.bring_up(connection, locked.id, locked.revision)
            if _wishes(state, key):
                raise Problem("revision-conflict", f"{key} was written meanwhile; try again")
            await seal_past(connection, locked.id, [key], cipher)
            row = KeyRow(locked.id, key, True, None, locked.published_at)
            await store.say_of_keys(connection, [row])
            event = Event("key.made-secret", key, caller.actor, locked.id, {})
            await record(connection, [event], self._clock)
            revision = RevisionRow(
                workspace_id=locked.id,
                revision=locked.revision + 1,
                kind="keys",
                published_at=locked.published_at,
                actor_name=caller.actor.name,
                message=f"Make {key} a secret",
            )
            await advance(connection, [revision])
        await self._snapshots.fresh(caller.place.id)


def _wishes(state: WorkspaceState, key: str) -> list[Wish]:
    return [
        Wish(slug, key, SET, decode(cell.body), cell.status, secret=True)
        for slug, site in _places(state, key)
        if (cell := state.own(site)) is not None and cell.status != REMOVED
    ]


def _places(state: WorkspaceState, key: str) -> list[tuple[str, Site]]:
    return [
        (environment.slug, Site(environment.id, key))
        for environment in state.topology.by_id.values()
    ]


def _require_everywhere(caller: Caller, key: str) -> None:
    """Refuse API keys that do not reach the key in every environment: what is said holds in all.

    Raises:
        Problem: `permission-denied`.
    """
    scope = caller.principal.scope
    if scope is None:
        return
    if scope.environments is not None or not key.startswith(scope.key_prefix):
        detail = f"the scope of this API key does not hold {key} in every environment"
        raise Problem("permission-denied", detail)
