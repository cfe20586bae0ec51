"""Does PostgreSQL write, who holds its connections, who holds up whom?"""

from collections import Counter

from central_config.core.json import JSON
from central_config.playbooks.model.budget import connections_asked
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.plays.asking import rows
from central_config.playbooks.service.probes.database import local_processes
from central_config.playbooks.service.probes.looking import Look, Probe, level
from central_config.playbooks.service.world import World
from central_config.playbooks.store import statements

WRITES = "database.writes"
CONNECTIONS, IDLE = "sessions.connections", "sessions.idle_in_transaction"
BLOCKING, LONG = "locks.blocking", "statements.long"
STATISTICS, INDEXES = "statements.slowest", "indexes.invalid"

# Of the connections there are.
MANY, TOO_MANY = 0.7, 0.8
# Seconds: a queue behind a lock shorter than this is everyday.
WAITED, WAITED_TOO_LONG = 1, 5
LONG_SECONDS = 60
SLOW_MS = 500.0


async def writes(world: World) -> list[Finding]:
    """Have a record of no effect written through to the disk."""
    try:
        await rows(world, statements.WRITES)
    except UnreachableError as error:
        return [Finding(WRITES, Status.BAD, f"PostgreSQL cannot write: {error}")]
    return [Finding(WRITES, Status.OK, "PostgreSQL writes to its disk")]


async def sessions(world: World) -> list[Finding]:
    """Count connections, and find who sleeps in a transaction."""
    return [await _connections(world), await _idle(world)]


async def _connections(world: World) -> Finding:
    limits = (await rows(world, statements.LIMITS))[0]
    groups = await rows(world, statements.BY_APPLICATION)
    usable = limits["most"] - limits["reserved"]
    share = limits["taken"] / usable
    by_application: Counter[str] = Counter()
    for each in groups:
        by_application[each["application"]] += each["sessions"]
    most = ", ".join(f"{name} {count}" for name, count in by_application.most_common(3))
    budget = connections_asked(local_processes(world))
    facts: dict[str, JSON] = {
        **limits,
        "usable": usable,
        "budget": budget,
        "groups": list[JSON](groups),
    }
    said = f"{limits['taken']} of {usable} connections are taken ({most})"
    status = level(share, MANY, TOO_MANY)
    if world.target == "local" and budget > usable:
        said += f"; one API, worker and beat may ask for {budget}"
        status = max(status, Status.WARNING, key=list(Status).index)
    return Finding(CONNECTIONS, status, said, facts)


async def _idle(world: World) -> Finding:
    seconds = round(world.idle_minutes * 60)
    found = await rows(world, statements.lasting(statements.IDLE_IN_TRANSACTION, seconds))
    facts: dict[str, JSON] = {"sessions": list[JSON](found), "seconds": seconds}
    if not found:
        said = f"nobody sleeps in a transaction for {world.idle_minutes:g} min"
        return Finding(IDLE, Status.OK, said, facts)
    who = Counter(each["application"] for each in found)
    names = ", ".join(f"{name} {count}" for name, count in who.most_common(3))
    said = f"{len(found)} sessions sleep in a transaction for {world.idle_minutes:g} min ({names})"
    return Finding(IDLE, Status.BAD, said, facts)


async def locks(world: World) -> list[Finding]:
    """Find the heads of the queues behind locks, and statements that run and run."""
    return [await _blocking(world), await _long(world)]


async def _blocking(world: World) -> Finding:
    heads = await rows(world, statements.BLOCKERS)
    facts: dict[str, JSON] = {"heads": list[JSON](heads)}
    if not heads:
        return Finding(BLOCKING, Status.OK, "nobody waits for a lock", facts)
    waited = heads[0]["waited_seconds"]
    who = ", ".join(f"{each['application']} ({each['pid']}, {each['state']})" for each in heads[:3])
    said = f"{heads[0]['waiting']} sessions wait for a lock, up to {waited} s, behind {who}"
    return Finding(BLOCKING, level(waited, WAITED, WAITED_TOO_LONG), said, facts)


async def _long(world: World) -> Finding:
    found = await rows(world, statements.lasting(statements.LONG_STATEMENTS, LONG_SECONDS))
    facts: dict[str, JSON] = {"sessions": list[JSON](found)}
    if not found:
        return Finding(LONG, Status.OK, f"no statement runs for {LONG_SECONDS} s", facts)
    first = found[0]
    what = f"{first['application']}: {first['words']}"
    said = f"{len(found)} statements run for {LONG_SECONDS} s or more; {what}"
    return Finding(LONG, Status.BAD, said, facts)


async def statistics(world: World) -> list[Finding]:
    """Name the statements that take most of the time, and indexes that are no use."""
    return [await _slowest(world), await _indexes(world)]


async def _slowest(world: World) -> Finding:
    # Where `serve` made the database the extension is in the maintenance database.
    maintenance = "postgres" if world.target == "local" else ""
    try:
        found = await rows(world, statements.STATEMENTS, name=maintenance)
    except UnreachableError as error:
        said = f"pg_stat_statements cannot be read: {error}"
        return Finding(STATISTICS, Status.SKIPPED, said)
    slow = [each for each in found if each["mean_ms"] > SLOW_MS]
    facts: dict[str, JSON] = {"statements": list[JSON](found)}
    if slow:
        said = f"{len(slow)} statements take {SLOW_MS:g} ms or more on average"
        return Finding(STATISTICS, Status.WARNING, said, facts)
    return Finding(STATISTICS, Status.OK, f"no statement takes {SLOW_MS:g} ms on average", facts)


async def _indexes(world: World) -> Finding:
    found = [each["index"] for each in await rows(world, statements.INVALID_INDEXES)]
    if found:
        return Finding(INDEXES, Status.WARNING, f"invalid: {', '.join(found)}", {"indexes": found})
    return Finding(INDEXES, Status.OK, "every index is valid", {"indexes": []})


def of_both(name: str, look: Look) -> tuple[Probe, Probe]:
    """Return a look as a probe of each target."""
    return Probe(name, look), Probe(name, look, where="kubernetes")


WRITES_PROBES = of_both("database.writes", writes)
SESSIONS_PROBES = of_both("sessions", sessions)
LOCKS_PROBES = of_both("locks", locks)
STATISTICS_PROBES = of_both("statements", statistics)
