"""Going through the steps: one that fails or hangs is said to be unknown, and the next begins."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from central_config.core.problems import Problem
from central_config.operations.model.reports import Report, Section, Status
from central_config.operations.service.reports import Reports
from central_config.operations.service.upkeep.ground import Ground, Step

log = structlog.get_logger(__name__)


async def go_through(
    kind: str, steps: Sequence[Step], ground: Ground, progress: Callable[[int, int, str], None]
) -> Report:
    """Do every step and keep the report; `progress` is told (done, all, the next one's name)."""
    began = ground.clock.now()
    sections: list[Section] = []
    for number, step in enumerate(steps):
        progress(number, len(steps), step.name)
        sections.append(await _do(step, ground))
    return await Reports(ground.database, ground.clock).keep(kind, began, sections)


async def _do(step: Step, ground: Ground) -> Section:
    try:
        async with asyncio.timeout(step.limit):
            return await step.run(ground)
    except TimeoutError:
        return Section(step.name, Status.UNKNOWN, f"no answer within {step.limit:g} s")
    except Exception as error:
        # Its text may hold what nobody may see, so it stays in the log.
        log.exception("a step of maintenance failed", step=step.name)
        words = error.detail if isinstance(error, Problem) else type(error).__name__
        return Section(step.name, Status.UNKNOWN, f"could not be looked at: {words}")
