"""Redis is gone, halted, read-only or full."""

from typing import cast

from central_config.core.json import JSON
from central_config.playbooks.model.findings import Findings
from central_config.playbooks.model.plans import Draft, Step
from central_config.playbooks.service.playbook import Playbook, Where
from central_config.playbooks.service.plays import in_kubernetes, steps
from central_config.playbooks.service.plays.asking import redis_call
from central_config.playbooks.service.plays.looks import cluster, supervised
from central_config.playbooks.service.plays.looks.supervised import VALKEY
from central_config.playbooks.service.probes import jobs, kubernetes, redis
from central_config.playbooks.service.probes.looking import Probe

REACHABLE, ROLE, MEMORY, FILES = "redis.reachable", "redis.role", "redis.memory", "redis.files"


def local(found: Findings, where: Where) -> Draft:
    """Bring this machine's server back, or say what to do about another one."""
    if found.bad(REACHABLE):
        return _bring_back(found)
    return _mend(found, where, steps.clear_cache(where))


def _bring_back(found: Findings) -> Draft:
    row = steps.child(found, VALKEY)
    if row is None:
        return Draft(steps=(_not_there(found),))
    if not row["stopped"] and steps.is_new(row):
        text = "it was started seconds ago and reads its file; wait, and run this playbook again"
        return Draft(steps=(steps.advice("Wait for the server", text),))
    step = (
        steps.go_on(row)
        if row["stopped"]
        else steps.kill(
            row,
            "Up to a second of what Redis was told is lost: cached copies and messages to workers. "
            "Jobs are rows of PostgreSQL and are sent again within seconds.",
        )
    )
    return Draft(steps=(step,), preconditions=dict([steps.fact(row)]))


def _not_there(found: Findings) -> Step:
    if found.bad(supervised.SUPERVISOR):
        text = "central-config ops run system-down"
        return steps.advice("Start the supervisor, which starts Redis", text)
    if VALKEY in cast("list[str]", found[supervised.CHILDREN].facts.get("missing") or []):
        text = (
            "the supervisor starts it again, waiting up to 30 s in between. When it does not stay, "
            "the end of DATA_DIR/log/valkey.log says why (a full disk: `ops run disk-full`)"
        )
        return steps.advice("Wait for the supervisor", text)
    text = "REDIS_URL names a server that is not this machine's: start it where it runs"
    return steps.advice("Start Redis", text)


def _mend(found: Findings, where: Where, clear: Step) -> Draft:
    """Make a server that answers take writes."""
    made: list[Step] = []
    preconditions: dict[str, JSON] = {}
    if found.bad(ROLE):
        preconditions["redis role"] = found[ROLE].facts.get("role")
        made.append(
            Step(
                what="Make this Redis a primary",
                call=redis_call(where, "REPLICAOF", "NO", "ONE"),
                effect="It takes writes and follows nobody any more.",
                blast_radius="Where a sentinel or an operator manages roles, it is its task; two "
                "primaries would each hold part of the cache. Nothing of record is in Redis.",
                undo="REPLICAOF HOST PORT of the primary it followed",
                check="`redis-cli role` says master",
                destructive=True,
                hits="redis",
            )
        )
    if found[MEMORY].status == "bad":
        preconditions["redis memory"] = "bad"
        made.append(clear)
    if found.bad(FILES):
        text = "central-config ops run disk-full"
        made.append(steps.advice("Make room for its files", text))
    return Draft(steps=tuple(made), preconditions=preconditions)


def in_cluster(found: Findings, where: Where) -> Draft:
    """Replace Redis' pod, or make it take writes."""
    if found.bad(REACHABLE):
        return Draft(
            steps=(in_kubernetes.restart_redis(),), preconditions={"redis reachable": False}
        )
    return _mend(found, where, in_kubernetes.clear_cache(where.cache_prefix))


PLAYBOOK = Playbook(
    name="redis-lost",
    title="Redis or Valkey is lost",
    symptoms=(
        "the alert RedisDown",
        "jobs are begun late or not at all",
        "failed sign-ins are counted by each replica alone",
        "a new replica takes longer to be ready",
    ),
    alerts=("RedisDown", "JobQueueStuck"),
    probes=(
        Probe("redis", redis.probe),
        Probe("jobs", jobs.probe),
        supervised.PROBE,
        Probe("kubernetes", kubernetes.probe, where="kubernetes"),
        Probe("pods", kubernetes.inside, where="kubernetes"),
        cluster.PROBE,
    ),
    plan={"local": local, "kubernetes": in_cluster},
    healthy=(REACHABLE, ROLE, FILES, "jobs.queue"),
    strict=("jobs.queue",),
    notes=(
        (
            "Redis holds nothing of record. **Reads, writes and watches go on** without it, "
            "from memory and PostgreSQL. **Jobs wait** as rows of PostgreSQL; when Redis is "
            "back the scheduler sends them again within seconds, each once."
        ),
        (
            "Never `FLUSHALL`: the messages to workers live beside the cache. This playbook "
            "clears the cache by its prefix."
        ),
    ),
    patience=60.0,
)
