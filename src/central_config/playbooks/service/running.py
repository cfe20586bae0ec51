"""A run: look again, act step by step, verify, and have it on record whatever happens."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from central_config.core.clock import Clock, rfc3339
from central_config.core.ids import new_id
from central_config.core.json import JSON
from central_config.playbooks.model.errors import RefusedError
from central_config.playbooks.model.findings import Finding
from central_config.playbooks.model.plans import Plan, Step
from central_config.playbooks.model.runs import Done, Health, Run, StepOutcome
from central_config.playbooks.service import planning
from central_config.playbooks.service.acting import carry_out
from central_config.playbooks.service.catalogue import find
from central_config.playbooks.service.confirming import Agreed, Consent, agree
from central_config.playbooks.service.journal import BrokenJournalError, Journal, directory
from central_config.playbooks.service.playbook import Playbook
from central_config.playbooks.service.world import World
from central_config.playbooks.store.proc import standing

# Seconds between two looks of the verification.
_BETWEEN = 1.5

Show = Callable[[str], None]


@dataclass
class Applied:
    """What is known of a run while it goes on."""

    id: str
    plan: Plan
    reason: str
    unwritten: dict[str, JSON] | None = None


class Runner:
    """Applies plans. `show` is told each thing as it happens."""

    def __init__(self, world: World, clock: Clock, show: Show) -> None:
        self._world = world
        self._clock = clock
        self._show = show
        self._journal = Journal(directory(world))

    async def merge(self) -> None:
        """Bring into the audit log what earlier runs left in the journal, unless one goes on."""
        if not self._journal.path.exists():
            return
        try:
            with self._journal.held():
                await self._merge()
        except (RefusedError, OSError):
            return

    async def apply(self, plan: Plan, consent: Consent, patience: float | None = None) -> Run:
        """Carry a plan out and verify.

        `patience`: seconds the verification waits for health, if not as long as the playbook says.

        Raises:
            RefusedError: nothing was done.
        """
        playbook = find(plan.playbook)
        if patience is not None:
            playbook = replace(playbook, patience=patience)
        await planning.refuse_strange(self._world, plan, self._clock)
        agreed = agree(plan, consent)
        with self._journal.held():
            await planning.refuse_changed(self._world, playbook, plan)
            return await self._run(playbook, plan, agreed)

    async def _run(self, playbook: Playbook, plan: Plan, agreed: Agreed) -> Run:
        run = Applied(str(new_id()), plan, agreed.reason)
        await self._set_broken_aside()
        self._write(run, self._begun(run))
        outcomes = await self._act(run, agreed)
        health, findings = await self._verify(playbook)
        self._write(
            run,
            {
                "kind": "ended",
                "run": run.id,
                "ended_at": rfc3339(self._clock.now()),
                "outcome": health,
                "steps": [
                    {"what": each.what, "outcome": str(each.outcome), "detail": each.detail}
                    for each in outcomes
                ],
            },
        )
        return Run(
            id=run.id,
            plan=plan.id,
            playbook=plan.playbook,
            health=health,
            steps=tuple(outcomes),
            findings=findings,
            recorded=await self._where_recorded(run),
        )

    async def _act(self, run: Applied, agreed: Agreed) -> list[StepOutcome]:
        outcomes: list[StepOutcome] = []
        failed = False
        for number, step in enumerate(run.plan.steps, 1):
            outcome = await self._step(number, step, agreed, failed=failed)
            failed = failed or outcome.outcome is Done.FAILED
            outcomes.append(outcome)
            self._show(f"{number}. {step.what}: {outcome.outcome}. {outcome.detail}".strip())
            if run.unwritten is not None:  # the step may have made room
                self._write(run, run.unwritten)
        return outcomes

    async def _step(self, number: int, step: Step, agreed: Agreed, *, failed: bool) -> StepOutcome:
        if step.is_advice:
            return StepOutcome(step.what, Done.LEFT_TO_YOU, getattr(step.call, "text", ""))
        if number not in agreed.steps:
            return StepOutcome(step.what, Done.NOT_CHOSEN)
        if failed:
            return StepOutcome(step.what, Done.NOT_REACHED)
        await asyncio.sleep(step.after)
        came = await carry_out(self._world, step.call)
        return StepOutcome(step.what, came.outcome, came.detail)

    async def _verify(self, playbook: Playbook) -> tuple[Health, tuple[Finding, ...]]:
        """Look until all is well, in bounded time."""
        checks = playbook.must_be_ok(self._world.target)
        self._show(f"verifying, for at most {playbook.patience:g} s: {', '.join(checks)}")
        deadline = time.monotonic() + playbook.patience
        while True:
            findings = await planning.diagnose(self._world, playbook)
            health = playbook.health(self._world.target, findings)
            if health == "well" or time.monotonic() > deadline:
                return health, findings
            await asyncio.sleep(_BETWEEN)

    def _begun(self, run: Applied) -> dict[str, JSON]:
        own = standing(os.getpid())
        return {
            "kind": "begun",
            "run": run.id,
            "plan": run.plan.id,
            "playbook": run.plan.playbook,
            "target": run.plan.target,
            "place": run.plan.place,
            "reason": run.reason,
            "actor": planning.operator(),
            "process": [os.getpid(), own.started if own else 0],
            "begun_at": rfc3339(self._clock.now()),
            "steps": [each.what for each in run.plan.steps],
        }

    def _write(self, run: Applied, entry: dict[str, JSON]) -> None:
        """Write to the journal; a full disk does not keep the playbook for full disks away."""
        try:
            if run.unwritten is not None and run.unwritten is not entry:
                self._journal.append(run.unwritten)
            self._journal.append(entry)
            run.unwritten = None
        except OSError as error:
            run.unwritten = run.unwritten or entry
            self._show(f"not written to the journal yet: {error.strerror or error}")

    async def _set_broken_aside(self) -> None:
        try:
            self._journal.pending()
        except BrokenJournalError as error:
            self._show(str(error))
            await self._merge()
        except OSError as error:
            self._show(f"the journal cannot be read: {error}")

    async def _merge(self) -> bool:
        # The database layer takes a fifth of a second to import, which a look need not pay.
        from central_config.playbooks.service import recording  # noqa: PLC0415

        place = planning.place(self._world)
        return await recording.merge(self._world, self._journal, self._clock, place)

    async def _where_recorded(self, run: Applied) -> str:
        if run.unwritten is not None:
            return "nowhere: the journal could not be written"
        if await self._merge():
            return "the audit log"
        return f"the journal {self._journal.path}, until the database is back"
