"""Whether the parts of the service answer: database, API, schedulers, and the jobs given up."""

import asyncio
import time
from datetime import timedelta

from central_config.core.db import transaction
from central_config.core.jobs import store as job_store
from central_config.core.jobs.model import FAILED
from central_config.core.json import JSON
from central_config.operations.model.plan import AUDIT_VERIFY
from central_config.operations.model.reports import Section, Status
from central_config.operations.model.texts import time_text
from central_config.operations.service.reports import Reports
from central_config.operations.service.upkeep.ground import Ground
from central_config.operations.store import measures, server
from central_config.supervisor.local import local_paths
from central_config.supervisor.plan import api_is_ready

# A database that takes longer for nothing has a problem (seconds).
_SLOW = 0.5
# Verified daily; one day that was missed is no matter, and the alert waits for eight.
_UNVERIFIED = timedelta(days=2)


async def database(ground: Ground) -> Section:
    """Ask the database whether it answers, and may be written to."""
    async with transaction(ground.database) as connection:
        began = time.perf_counter()
        about = await server.about(connection)
        took = time.perf_counter() - began
    facts: dict[str, JSON] = {"postgresql": about.version, "seconds": round(took, 4)}
    words = f"PostgreSQL {about.version} answers in {time_text(took)}"
    if about.in_recovery:
        words += ", but is a standby: nothing can be written"
        return Section("database", Status.BAD, words, facts)
    return Section("database", Status.WARNING if took > _SLOW else Status.OK, words, facts)


async def api(ground: Ground) -> Section:
    """Ask the API beside; a worker elsewhere has none beside it, and probes look at those."""
    if await asyncio.to_thread(api_is_ready, ground.settings):
        return Section("api", Status.OK, "the API beside this worker is ready")
    if local_paths(ground.settings) is None:
        words = "no API runs beside this worker; readiness probes and alerts look at the replicas"
        return Section("api", Status.SKIPPED, words)
    return Section("api", Status.BAD, "the API of this machine is not ready")


async def scheduler(ground: Ground) -> Section:
    """Count the schedulers that lead."""
    async with transaction(ground.database) as connection:
        leaders = (await measures.measures(connection)).beat_leaders
    if leaders == 1:
        return Section("scheduler", Status.OK, "one scheduler leads", {"beat_leaders": 1})
    words = f"{leaders} schedulers lead: nothing is enqueued by itself"
    return Section("scheduler", Status.WARNING, words, {"beat_leaders": leaders})


async def audit_chain(ground: Ground) -> Section:
    """Tell what the last verification of the audit log found, and how long ago that was."""
    name = "audit chain"
    last = await Reports(ground.database, ground.clock).last(AUDIT_VERIFY)
    if last is None:
        words = "the audit log was not verified yet"
        return Section(name, Status.UNKNOWN, words, {}, [f"ccfg job start {AUDIT_VERIFY}"])
    age = ground.clock.now() - last.finished_at
    words = f"verified {time_text(age.total_seconds())} ago: {last.sections[0].summary}"
    facts = dict(last.sections[0].facts)
    if last.status is Status.OK and age > _UNVERIFIED:
        return Section(name, Status.WARNING, words, facts, [f"ccfg job start {AUDIT_VERIFY}"])
    return Section(name, last.status, words, facts, last.sections[0].advice)


async def failed_jobs(ground: Ground) -> Section:
    """Tell which jobs were given up and wait for somebody."""
    async with transaction(ground.database) as connection:
        failed = await job_store.page(connection, {"status": FAILED}, None, 100)
    if not failed:
        return Section("failed jobs", Status.OK, "no job was given up", {"failed": 0})
    kinds = sorted({each.kind for each in failed})
    last = failed[0]
    return Section(
        "failed jobs",
        Status.WARNING,
        f"{len(failed)} were given up: {', '.join(kinds)}; the last said: {last.error}",
        {"failed": len(failed), "kinds": list[JSON](kinds)},
        [f"ccfg job show {last.id}", f"ccfg job retry {last.id}"],
    )
