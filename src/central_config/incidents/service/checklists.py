"""Going through a checklist: what can be looked at is, the rest is somebody's word, all is kept."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from central_config.access.model import Caller
from central_config.core.db import transaction
from central_config.core.ids import new_id
from central_config.core.json import JSON
from central_config.core.problems import FieldError, Problem
from central_config.incidents.model.checklists import (
    CHECKLISTS,
    CONFIRMED,
    Checklist,
    ItemState,
    Run,
    Word,
    state_of,
    words_of,
)
from central_config.incidents.model.incidents import Told
from central_config.incidents.service.checks import Checks
from central_config.incidents.service.incidents import Incidents
from central_config.incidents.service.work import Tools, Work
from central_config.incidents.store import checklists as store


class Checklists:
    """Runs of checklists."""

    def __init__(self, tools: Tools, incidents: Incidents, checks: Checks) -> None:
        self._tools = tools
        self._incidents = incidents
        self._checks = checks

    async def begin(
        self, caller: Caller, name: str, incident_id: str | None, reasons: Mapping[str, str]
    ) -> Run:
        """Go through a checklist.

        Args:
            caller: whose word confirms.
            name: which checklist.
            incident_id: for one that belongs to an incident.
            reasons: the items the caller confirms, and why they may.

        Raises:
            Problem: `not-found`; `invalid-request` for an item the list has not, or where an
                incident is missing or too much.
        """
        checklist = _checklist(name)
        told = await self._told(checklist, incident_id)
        words = self._words(caller, checklist, reasons)
        now = self._tools.clock.now()
        who = caller.principal.name
        items = await self._look(checklist, told, words)
        run = Run(new_id(), name, incident_id, now, who, now, items)
        async with self._tools.work(caller.actor) as work:
            await store.add(work.connection, run)
            _record(work, "checklist.run", run)
        return run

    async def confirm(self, caller: Caller, run_id: UUID, reasons: Mapping[str, str]) -> Run:
        """Add confirmations to a run, and look again at all that can be looked at.

        Raises:
            Problem: `not-found`; `invalid-request` for an item the list has not.
        """
        before = await self.show(run_id)
        checklist = _checklist(before.checklist)
        told = await self._told(checklist, before.incident_id)
        words = self._words(caller, checklist, reasons)
        looked = await self._look(checklist, told, {**words_of(before.items), **words})
        async with self._tools.work(caller.actor) as work:
            run = await store.find(work.connection, run_id, lock=True)
            if run is None:
                raise _no_run(run_id)
            # Somebody else may have confirmed other items meanwhile.
            items = tuple(map(_keep_word, run.items, looked))
            run = msgspec.structs.replace(run, items=items, updated_at=work.now)
            await store.save(work.connection, run)
            _record(work, "checklist.confirmed", run)
        return run

    async def show(self, run_id: UUID) -> Run:
        """Return a run.

        Raises:
            Problem: `not-found`.
        """
        async with transaction(self._tools.database) as connection:
            run = await store.find(connection, run_id)
        if run is None:
            raise _no_run(run_id)
        return run

    async def page(
        self, conditions: Mapping[str, str], before: UUID | None, limit: int
    ) -> list[Run]:
        """Return runs, newest first; conditions are `checklist` and `incident_id`."""
        async with transaction(self._tools.database) as connection:
            return await store.page(connection, conditions, before, limit)

    async def _told(self, checklist: Checklist, incident_id: str | None) -> Told | None:
        if checklist.of_incident != (incident_id is not None):
            words = "name the incident" if checklist.of_incident else "belongs to no incident"
            raise Problem(
                "invalid-request",
                f"{checklist.name}: {words}",
                errors=[FieldError("/incident", words)],
            )
        return None if incident_id is None else await self._incidents.show(incident_id)

    def _words(
        self, caller: Caller, checklist: Checklist, reasons: Mapping[str, str]
    ) -> dict[str, Word]:
        known = {item.slug for item in checklist.items}
        unknown = [
            FieldError(f"/confirm/{slug}", f"{checklist.name} has the items {', '.join(known)}")
            for slug in reasons
            if slug not in known
        ]
        if unknown:
            words = f"{checklist.name} has no item {unknown[0].pointer.rpartition('/')[2]!r}"
            raise Problem("invalid-request", words, errors=unknown)
        now, who = self._tools.clock.now(), caller.principal.name
        return {slug: Word(reason, who, now) for slug, reason in reasons.items()}

    async def _look(
        self, checklist: Checklist, told: Told | None, words: Mapping[str, Word]
    ) -> tuple[ItemState, ...]:
        return tuple(
            [
                state_of(item, await self._checks.look(item.slug, told), words.get(item.slug))
                for item in checklist.items
            ]
        )


def _keep_word(stored: ItemState, looked: ItemState) -> ItemState:
    lost = stored.status == CONFIRMED and looked.status == "open"
    return stored if lost else looked


def _checklist(name: str) -> Checklist:
    found = CHECKLISTS.get(name)
    if found is None:
        names = ", ".join(CHECKLISTS)
        raise Problem("not-found", f"there is no checklist {name[:64]!r}, but {names}")
    return found


def _no_run(run_id: UUID) -> Problem:
    return Problem("not-found", f"there is no run {run_id} of a checklist")


def _record(work: Work, action: str, run: Run) -> None:
    details: dict[str, JSON] = {
        "run": str(run.id),
        "green": run.green,
        "incident": run.incident_id,
        "items": {each.slug: each.status for each in run.items},
    }
    work.record(action, f"checklist:{run.checklist}", details)
