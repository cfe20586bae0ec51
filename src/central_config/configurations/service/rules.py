"""Schema rules: kept per workspace, tried against what is live before they are enforced."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

import msgspec

from central_config.access.model import Caller
from central_config.audit.model import Event
from central_config.audit.service import record
from central_config.configurations.cache import Snapshots
from central_config.configurations.model.cells import Served
from central_config.configurations.model.keys import check_pattern, matches
from central_config.configurations.model.schemas import (
    ENFORCE,
    WARN,
    SchemaRule,
    Violation,
    check_schema,
    violations,
)
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.store import schemas as store
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, IntegrityError, transaction
from central_config.core.ids import new_id
from central_config.core.json import JSON
from central_config.core.problems import FieldError, Problem
from central_config.workspaces.model import RevisionRow
from central_config.workspaces.service import advance, lock_one

# Values named in one report; the count says how many there are.
REPORTED_AT_MOST = 200


class Report(NamedTuple):
    """Which live values a rule breaks, as far as they are `named`, and how many.

    `withheld`: the rule matches values the caller may not see; they are not part of this.
    """

    named: list[Violation]
    total: int
    withheld: bool


class Rules:
    """Creates, changes, tries and deletes schema rules."""

    def __init__(self, database: Database, snapshots: Snapshots, clock: Clock) -> None:
        self._database = database
        self._snapshots = snapshots
        self._clock = clock

    async def all(self, caller: Caller) -> list[SchemaRule]:
        """Return the rules of the workspace by name."""
        async with self._database.connect() as connection:
            return await store.rules(connection, caller.place.id)

    async def get(self, caller: Caller, name: str) -> SchemaRule:
        """Return a rule.

        Raises:
            Problem: `not-found`.
        """
        for rule in await self.all(caller):
            if rule.name == name:
                return rule
        raise Problem("not-found", f"there is no schema rule {name!r}")

    async def try_out(
        self, caller: Caller, pattern: str, schema: str
    ) -> tuple[list[Violation], int]:
        """Return which live values, in every environment, a rule would break; and how many.

        Values the caller may not see are left out: which rules they satisfy would tell them.
        """
        check_pattern(pattern)
        check_schema(schema)
        state = await self._snapshots.fresh(caller.place.id)
        rule = SchemaRule(UUID(int=0), "proposed", pattern, schema, ENFORCE)
        report = _report(state, rule, caller)
        return report.named, report.total

    async def create(
        self, caller: Caller, rule: SchemaRule
    ) -> tuple[SchemaRule, list[Violation], int]:
        """Create a rule; one to be enforced must not be broken by any live value.

        What is reported leaves out values the caller may not see, as `try_out` does.

        Raises:
            Problem: `invalid-schema`, `already-exists`, `schema-violation` with the live values,
                `permission-denied` for one to be enforced on secrets the caller may not reveal.
        """
        made = msgspec.structs.replace(rule, id=new_id())
        _check(made)
        async with transaction(self._database) as connection:
            found, count = await self._judge(connection, caller, made)
            try:
                await store.insert_rule(connection, caller.place.id, made, self._clock.now())
            except IntegrityError:
                detail = f"a schema rule {made.name!r} exists"
                raise Problem("already-exists", detail) from None
            await self._advance(connection, caller, "schema.created", made)
        await self._snapshots.fresh(caller.place.id)
        return made, found, count

    async def update(
        self, caller: Caller, name: str, values: Mapping[str, str]
    ) -> tuple[SchemaRule, list[Violation], int]:
        """Set the pattern, schema or mode of a rule; refused like `create`."""
        old = await self.get(caller, name)
        new = msgspec.structs.replace(old, **values)
        _check(new)
        async with transaction(self._database) as connection:
            found, count = await self._judge(connection, caller, new)
            await store.update_rule(connection, old.id, values, self._clock.now())
            await self._advance(connection, caller, "schema.updated", new)
        await self._snapshots.fresh(caller.place.id)
        return new, found, count

    async def delete(self, caller: Caller, name: str) -> None:
        """Delete a rule."""
        old = await self.get(caller, name)
        async with transaction(self._database) as connection:
            await lock_one(connection, caller.place.id)
            await store.delete_rule(connection, old.id)
            await self._advance(connection, caller, "schema.deleted", old)
        await self._snapshots.fresh(caller.place.id)

    async def _judge(
        self, connection: Connection, caller: Caller, rule: SchemaRule
    ) -> tuple[list[Violation], int]:
        """Try the rule with the workspace locked: no value can slip in beside it.

        Whether a rule is kept would tell of the secrets it matches, so who may not reveal them
        may not have them judged, however they are.
        """
        locked = await lock_one(connection, caller.place.id)
        state = await self._snapshots.bring_up(connection, locked.id, locked.revision)
        found, count, withheld = _report(state, rule, caller)
        if rule.mode == ENFORCE and withheld:
            raise Problem(
                "permission-denied",
                f"{rule.pattern} matches secrets, and to enforce a rule on them tells what they"
                " hold: this needs the permission secret.reveal; or save it with mode warn",
            )
        if rule.mode == ENFORCE and count:
            raise Problem(
                "schema-violation",
                f"{count} live values break this rule; save it with mode warn, or correct them",
                errors=[
                    FieldError(f"/{v.key}{v.pointer}", f"{v.environment}: {v.detail}")
                    for v in found
                ],
                extra={"violations": count},
            )
        return found, count

    async def _advance(
        self, connection: Connection, caller: Caller, action: str, rule: SchemaRule
    ) -> None:
        locked = await lock_one(connection, caller.place.id)
        row = RevisionRow(
            workspace_id=locked.id,
            revision=locked.revision + 1,
            kind="schemas",
            published_at=locked.published_at,
            actor_name=caller.actor.name,
            message=f"{action} {rule.name}",
        )
        details: dict[str, JSON] = {"pattern": rule.pattern, "mode": rule.mode}
        event = Event(action, rule.name, caller.actor, locked.id, details)
        await record(connection, [event], self._clock)
        await advance(connection, [row])


def _check(rule: SchemaRule) -> None:
    if rule.mode not in {WARN, ENFORCE}:
        detail = "a mode is warn or enforce"
        raise Problem("invalid-request", detail, errors=[FieldError("/mode", detail)])
    check_pattern(rule.pattern)
    check_schema(rule.schema)


def _report(state: WorkspaceState, rule: SchemaRule, caller: Caller) -> Report:
    named: list[Violation] = []
    count = 0
    withheld = False
    for environment in state.topology.by_id.values():
        for key, served in state.entries(environment.id):
            if not matches(rule.pattern, key):
                continue
            if not _may_judge(caller, environment.slug, key, served):
                withheld = True
                continue
            found = list(
                violations([rule], environment.slug, key, served.body, secret=served.secret)
            )
            if found:
                count += 1
                named.extend(found[: REPORTED_AT_MOST - len(named)])
    return Report(named, count, withheld)


def _may_judge(caller: Caller, environment: str, key: str, served: Served) -> bool:
    reaches = caller.principal.reaches(environment, key)
    return reaches and (not served.secret or caller.reveals(environment, key))
