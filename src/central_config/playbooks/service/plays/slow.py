"""Answers take long: who holds locks, which statements run, is the cache of use?"""

from typing import cast

from central_config.core.json import JSON
from central_config.playbooks.model.findings import Findings, Status
from central_config.playbooks.model.plans import Call, Draft, Step
from central_config.playbooks.service.playbook import Playbook, Where
from central_config.playbooks.service.plays import in_kubernetes, steps
from central_config.playbooks.service.plays.asking import sql_call
from central_config.playbooks.service.plays.looks import database as looks
from central_config.playbooks.service.plays.looks import speed
from central_config.playbooks.service.plays.steps import Row
from central_config.playbooks.service.probes import kubernetes, metrics, redis
from central_config.playbooks.service.probes.looking import Probe
from central_config.playbooks.store import statements

# Seconds a cancelled statement has to end before its session is ended.
CANCEL_WITHIN = 3.0


def local(found: Findings, where: Where) -> Draft:
    """Free the queues, then the cache; say what only a person should do."""
    made, preconditions = _sessions(found, where)
    if found["redis.memory"].status is Status.BAD:
        made.append(steps.clear_cache(where))
        preconditions["redis memory"] = "bad"
    return Draft(steps=(*made, *_advice(found)), preconditions=preconditions)


def in_cluster(found: Findings, where: Where) -> Draft:
    """Free the queues; give the autoscaler room where it has none left."""
    made, preconditions = _sessions(found, where)
    if found["redis.memory"].status is Status.BAD:
        made.append(in_kubernetes.clear_cache(where.cache_prefix))
        preconditions["redis memory"] = "bad"
    if in_kubernetes.at_maximum(found):
        step, more = in_kubernetes.raise_autoscaler(found)
        made.append(step)
        preconditions |= more
    return Draft(steps=(*made, *_advice(found)), preconditions=preconditions)


def _sessions(found: Findings, where: Where) -> tuple[list[Step], dict[str, JSON]]:
    """Plan against who holds up others, and against what runs and runs."""
    made: list[Step] = []
    preconditions: dict[str, JSON] = {}
    heads = found.rows(looks.BLOCKING, "heads") if found.bad(looks.BLOCKING) else []
    for each in (*heads, *found.rows(looks.LONG, "sessions")):
        key = f"session {each['session']}"
        if key in preconditions:
            continue
        if each.get("ours", True):
            preconditions[key] = each.get("state", "active")
            made += _free(each, where, in_the_way=each in heads)
        else:
            made.append(_not_ours(each))
    return made, preconditions


def _free(row: Row, where: Where, *, in_the_way: bool) -> list[Step]:
    """Cancel first, then end; who sleeps has no statement to cancel."""
    statement = statements.END_BLOCKER if in_the_way else statements.END_ACTIVE
    end = sql_call(where, statement, [str(row["session"])])
    if str(row.get("state", "active")) != "active":
        return [_end(row, end, after=0.0)]
    return [_cancel(row, where), _end(row, end, after=CANCEL_WITHIN)]


def _cancel(row: Row, where: Where) -> Step:
    return Step(
        what=f"Cancel the statement of session {row['pid']} ({row['application']})",
        call=sql_call(where, statements.CANCEL, [str(row["session"])]),
        effect=f"Its statement, begun {row['seconds']} s ago, fails; the session stays.",
        blast_radius=f"{row['application']} gets an error for this one statement.",
        undo="none; the application sends the statement again",
        check="the next step finds nothing to end",
        destructive=True,
        hits=f"session {row['pid']}",
    )


def _end(row: Row, call: Call, *, after: float) -> Step:
    return Step(
        what=f"End session {row['pid']} ({row['application']}) where it is still at it",
        call=call,
        effect="Its transaction is rolled back and its locks are free.",
        blast_radius=f"{row['application']} loses what it had not committed, and connects again.",
        undo="none; the application does its work again",
        check="`central-config ops diagnose` shows nobody waiting for a lock",
        destructive=True,
        hits=f"session {row['pid']}",
        after=after,
    )


def _not_ours(row: Row) -> Step:
    text = f"session {row['pid']} ({row['application']}) is none of the service's: ask whose it is"
    return steps.advice("Somebody else's session holds a lock", text)


def _advice(found: Findings) -> list[Step]:
    made: list[Step] = []
    indexes = cast("list[str]", found[looks.INDEXES].facts.get("indexes") or [])
    if indexes:
        text = "; ".join(f"REINDEX INDEX CONCURRENTLY {each}" for each in indexes)
        made.append(steps.advice("Build invalid indexes anew, without locking writers", text))
    if found[looks.STATISTICS].status is Status.WARNING:
        slow = found.rows(looks.STATISTICS, "statements")[0]
        text = f"EXPLAIN (ANALYZE, BUFFERS) on: {slow['statement']} ({slow['mean_ms']} ms each)"
        made.append(steps.advice("Look at the statement that takes most of the time", text))
    if found[speed.HITS].status is Status.WARNING:
        text = "raise Redis' maxmemory, or see whether something else uses this Redis"
        made.append(steps.advice("Give the cache more room", text))
    return made


PLAYBOOK = Playbook(
    name="slow",
    title="Answers take too long",
    symptoms=(
        "95 of 100 requests take longer than a second",
        "writes wait and time out while reads are quick",
        "the alerts HighResponseTime or SlowDatabaseStatements",
    ),
    alerts=("HighResponseTime", "SlowDatabaseStatements", "WriterQueueFilling", "HighMemoryUsage"),
    probes=(
        speed.PROBE,
        Probe("metrics", metrics.probe),
        *looks.LOCKS_PROBES,
        *looks.STATISTICS_PROBES,
        Probe("redis", redis.probe),
        speed.HITS_PROBE,
        Probe("kubernetes", kubernetes.probe, where="kubernetes"),
        Probe("pods", kubernetes.inside, where="kubernetes"),
    ),
    plan={"local": local, "kubernetes": in_cluster},
    healthy=(speed.SPEED, looks.BLOCKING, looks.LONG),
    healthy_in_kubernetes=(looks.BLOCKING, looks.LONG, "kubernetes.pods"),
    notes=(
        (
            "A statement is cancelled before its session is ended, and only client backends of "
            "our database are hit. What takes long rightly is left alone: backups, vacuum, "
            "index builds."
        ),
        (
            "`REINDEX` locks writers out; `REINDEX INDEX CONCURRENTLY` does not. The statistics "
            "of PostgreSQL are never reset: autovacuum works from them."
        ),
        ("The cache is cleared by its prefix. `FLUSHALL` would take messages to workers with it."),
    ),
    patience=45.0,
)
