"""PostgreSQL: does it answer, may we write, is there room, who holds up whom?"""

from typing import Any

from central_config.core.json import JSON
from central_config.playbooks.model.budget import Processes, connections_asked
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.probes.looking import age_text, bytes_text, level
from central_config.playbooks.service.world import World
from central_config.playbooks.store import questions

_OLDEST, _NEWEST = 15, 18
_BUSY, _FULL = 0.8, 0.95
# PostgreSQL stops taking writes at two thousand million; it vacuums by itself from 0.2.
_XIDS, _TOO_MANY_XIDS = 500_000_000, 1_500_000_000
_LONG_WAIT = 10.0  # seconds
_RETAINED, _TOO_MUCH_RETAINED = 4 * 1024**3, 32 * 1024**3
_JUST_STARTED = 120.0  # seconds


async def probe(world: World) -> list[Finding]:
    """Ask four questions; where all connections are taken, once more as the superuser."""
    found: list[Finding] = []
    try:
        state = (await world.rows(questions.STATE))[0]
        found.append(_reachable(state))
        admin = False
    except UnreachableError as error:
        found.append(Finding("database.reachable", Status.BAD, f"PostgreSQL refuses us: {error}"))
        state, admin = await _as_superuser(world), True
        if state is None:
            return found
    activity = (await world.rows(questions.ACTIVITY, admin=admin))[0]
    slots = await world.rows(questions.SLOTS, admin=admin)
    return [
        *found,
        _version(state),
        _writable(state),
        _connections(state),
        _budget(world, state),
        _waiting(activity),
        _transactions(activity),
        _wraparound(state),
        _slots(slots),
        _size(state),
        _durable(state),
    ]


async def _as_superuser(world: World) -> dict[str, Any] | None:
    """Return the state as the superuser sees it; None where that does not work either."""
    if world.paths is None:
        return None
    try:
        return (await world.rows(questions.STATE, admin=True))[0]
    except UnreachableError:
        return None


def _reachable(state: dict[str, Any]) -> Finding:
    facts: dict[str, JSON] = {"role": state["role"], "up_seconds": state["up_seconds"]}
    said = f"PostgreSQL answers, up for {age_text(state['up_seconds'])}"
    if state["up_seconds"] < _JUST_STARTED:
        return Finding("database.reachable", Status.WARNING, f"{said}: it was restarted", facts)
    return Finding("database.reachable", Status.OK, said, facts)


def _version(state: dict[str, Any]) -> Finding:
    major = state["version_num"] // 10_000
    fits = _OLDEST <= major <= _NEWEST
    said = f"PostgreSQL {state['version']}"
    if not fits:
        said += f"; this service was tried with {_OLDEST} to {_NEWEST}"
    status = Status.OK if fits else Status.BAD
    return Finding("database.version", status, said, {"version_num": state["version_num"]})


def _writable(state: dict[str, Any]) -> Finding:
    facts: dict[str, JSON] = {"recovery": state["recovery"], "read_only": state["read_only"]}
    if state["recovery"]:
        said = "this is a standby, or a restore that has not ended: nothing can be written"
        return Finding("database.writable", Status.BAD, said, facts)
    if state["read_only"]:
        said = "default_transaction_read_only is on: nothing can be written"
        return Finding("database.writable", Status.BAD, said, facts)
    return Finding("database.writable", Status.OK, "it is a primary and takes writes", facts)


def _connections(state: dict[str, Any]) -> Finding:
    share = state["connected"] / max(state["limit"], 1)
    said = f"{state['connected']} of {state['limit']} connections are taken, {state['ours']} here"
    facts: dict[str, JSON] = _some(state, "connected", "limit", "ours")
    return Finding("database.connections", level(share, _BUSY, _FULL), said, facts)


def local_processes(world: World, apis: int = 1) -> Processes:
    """Return what runs beside this many APIs, all with this machine's settings."""
    settings = world.settings
    return Processes(
        apis=apis,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_max_overflow,
        workers=1,
        concurrency=settings.celery_worker_concurrency,
        beats=1,
    )


def _budget(world: World, state: dict[str, Any]) -> Finding:
    asked = connections_asked(local_processes(world))
    facts: dict[str, JSON] = {"asked": asked, "limit": state["limit"]}
    if asked > state["limit"]:
        said = (
            f"one API, worker and beat may ask for {asked} connections, there are {facts['limit']}"
        )
        return Finding("database.budget", Status.WARNING, said, facts)
    said = f"one API, worker and beat may ask for {asked} of {state['limit']} connections"
    return Finding("database.budget", Status.OK, said, facts)


def _waiting(activity: dict[str, Any]) -> Finding:
    count, longest = activity["waiting"], activity["longest_wait"]
    status = Status.BAD if count and longest >= _LONG_WAIT else Status.OK
    said = f"{count} wait for a lock, the longest for {age_text(longest)}"
    facts: dict[str, JSON] = {"waiting": count, "longest_seconds": longest}
    return Finding("database.locks", status, said if count else "nobody waits for a lock", facts)


def _transactions(activity: dict[str, Any]) -> Finding:
    facts: dict[str, JSON] = {
        each: activity[each] for each in ("long_running", "idle_in_transaction")
    }
    if any(facts.values()):
        said = (
            f"{facts['long_running']} statements run for over five minutes, "
            f"{facts['idle_in_transaction']} transactions stand idle for over one"
        )
        return Finding("database.transactions", Status.WARNING, said, facts)
    said = "no transaction is open for long"
    return Finding("database.transactions", Status.OK, said, facts)


def _wraparound(state: dict[str, Any]) -> Finding:
    age = state["xid_age"]
    said = f"the oldest transaction number is {age:,} old"
    status = level(age, _XIDS, _TOO_MANY_XIDS)
    return Finding("database.wraparound", status, said, {"age": age})


def _slots(slots: list[dict[str, Any]]) -> Finding:
    idle = [each for each in slots if not each["active"]]
    retained = max((each["retained"] for each in slots), default=0)
    lost = [each["name"] for each in slots if each["wal_status"] == "lost"]
    facts: dict[str, JSON] = {
        "slots": len(slots),
        "inactive": [each["name"] for each in idle],
        "retained_bytes": retained,
        "lost": [*lost],
    }
    if not slots:
        return Finding("database.slots", Status.OK, "no replication slot holds back the log", facts)
    said = f"{len(slots)} replication slots, {len(idle)} unused, hold {bytes_text(retained)} of log"
    status = level(retained, _RETAINED, _TOO_MUCH_RETAINED)
    if (idle or lost) and status is Status.OK:
        status = Status.WARNING
    return Finding("database.slots", status, said, facts)


def _size(state: dict[str, Any]) -> Finding:
    said = f"the database takes {bytes_text(state['size'])}"
    return Finding("database.size", Status.OK, said, {"bytes": state["size"]})


def _durable(state: dict[str, Any]) -> Finding:
    facts: dict[str, JSON] = {
        each: state[each] for each in ("fsync", "synchronous_commit", "checksums")
    }
    if not state["fsync"] or state["synchronous_commit"] == "off":
        said = "fsync or synchronous_commit is off: a power cut loses what was acknowledged"
        return Finding("database.durable", Status.BAD, said, facts)
    if not state["checksums"]:
        said = "data checksums are off: a disk that lies is not noticed"
        return Finding("database.durable", Status.WARNING, said, facts)
    return Finding("database.durable", Status.OK, "commits are durable, pages checked", facts)


def _some(row: dict[str, Any], *names: str) -> dict[str, JSON]:
    """Return some of the figures of a row."""
    return {name: row[name] for name in names}
