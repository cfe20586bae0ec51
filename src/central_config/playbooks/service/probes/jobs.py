"""Background jobs: does a scheduler lead, and are jobs begun?"""

from central_config.core.json import JSON
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.probes.looking import age_text, level
from central_config.playbooks.service.world import World
from central_config.playbooks.store import questions

_LATE, _STUCK = 60.0, 600.0  # seconds


async def probe(world: World) -> list[Finding]:
    """Ask PostgreSQL, where jobs are rows and the leader holds a lock."""
    leaders = int((await world.rows(questions.BEAT))[0]["leaders"])
    row = (await world.rows(questions.JOBS))[0]
    facts: dict[str, JSON] = {name: row[name] for name in ("queued", "running", "silent", "failed")}
    late = float(row["oldest"])
    queued = f"{row['queued']} jobs wait, the oldest for {age_text(late)} past its time"
    said = f"{row['failed']} jobs failed in a day, {row['silent']} run without a sign of life"
    return [
        _leader(leaders),
        Finding(
            "jobs.queue",
            level(late, _LATE, _STUCK),
            queued if row["queued"] else "no job waits",
            {**facts, "oldest_seconds": late},
        ),
        Finding(
            "jobs.failed",
            Status.WARNING if row["failed"] or row["silent"] else Status.OK,
            said,
            facts,
        ),
    ]


def _leader(leaders: int) -> Finding:
    if leaders:
        return Finding("jobs.leader", Status.OK, "a scheduler leads", {"leaders": leaders})
    said = "no scheduler leads: nothing is enqueued by itself (`central-config beat`)"
    return Finding("jobs.leader", Status.BAD, said, {"leaders": 0})
