"""Review policies: kept per workspace by whoever keeps its schema rules."""

from collections.abc import Sequence

from central_config.access.model import Caller
from central_config.assistant.model.reviews.policies import Policy
from central_config.assistant.store import reviews as store
from central_config.audit.model import Event
from central_config.audit.service import record
from central_config.configurations.model.keys import check_pattern
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, transaction
from central_config.core.json import JSON
from central_config.core.problems import FieldError, Problem
from central_config.workspaces.model import Topology
from central_config.workspaces.service import topology


class Policies:
    """Shows, keeps and deletes review policies."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def all(self, caller: Caller) -> Sequence[Policy]:
        """Return the policies of the workspace, by name."""
        async with self._database.connect() as connection:
            return await store.policies(connection, caller.place.id)

    async def put(self, caller: Caller, policy: Policy) -> Policy:
        """Create or replace a policy.

        Raises:
            Problem: `invalid-request` for a pattern that is none; `environment-not-found`.
        """
        check_pattern(policy.pattern)
        async with transaction(self._database) as connection:
            _check_environments(policy, await topology(connection, caller.place.id))
            await store.put_policy(connection, caller.place.id, policy)
            details: dict[str, JSON] = {"pattern": policy.pattern, "severity": policy.severity}
            await self._record(connection, caller, "review-policy.kept", policy.name, details)
        return policy

    async def delete(self, caller: Caller, name: str) -> None:
        """Delete a policy.

        Raises:
            Problem: `not-found`.
        """
        async with transaction(self._database) as connection:
            if not await store.delete_policy(connection, caller.place.id, name):
                raise Problem("not-found", f"there is no review policy {name!r}")
            await self._record(connection, caller, "review-policy.deleted", name, {})

    async def _record(
        self,
        connection: Connection,
        caller: Caller,
        action: str,
        name: str,
        details: dict[str, JSON],
    ) -> None:
        event = Event(action, name, caller.actor, caller.place.id, details)
        await record(connection, [event], self._clock)


def _check_environments(policy: Policy, places: Topology) -> None:
    """Refuse a policy that would hold nowhere, or in fewer places than somebody meant."""
    wrong = [
        FieldError(f"/environments/{position}", f"there is no environment {slug!r} here")
        for position, slug in enumerate(policy.environments)
        if slug not in places.by_slug
    ]
    if wrong:
        raise Problem("environment-not-found", wrong[0].detail, errors=wrong)
