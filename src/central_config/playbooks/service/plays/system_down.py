"""Nothing answers: which part is gone, and what brings it back."""

from typing import cast

from central_config.core.json import JSON
from central_config.playbooks.model.findings import Findings
from central_config.playbooks.model.plans import Draft, Step
from central_config.playbooks.service.playbook import Playbook, Where
from central_config.playbooks.service.plays import in_kubernetes, steps
from central_config.playbooks.service.plays.looks import cluster, supervised
from central_config.playbooks.service.probes import api, database, disk, jobs, kubernetes, redis
from central_config.playbooks.service.probes.looking import Probe

LIVE, READY, REACHABLE = "api.live", "api.ready", "database.reachable"


def local(found: Findings, where: Where) -> Draft:
    """Start what is not there, let go on what is halted, end what hangs."""
    supervisor = steps.supervisor(found)
    if found[supervised.SUPERVISOR].facts.get("running") is False:
        return Draft(
            steps=(*_room_first(found), steps.start_supervisor(where)),
            preconditions={"supervisor": "does not run"},
        )
    rows = [] if supervisor is None else [supervisor]
    rows += found.rows(supervised.CHILDREN, "processes")
    halted = [each for each in rows if each["stopped"]]
    made = [steps.go_on(each) for each in halted]
    preconditions: dict[str, JSON] = dict(steps.fact(each) for each in halted)
    hung = steps.child(found, "api")
    if hung is not None and not hung["stopped"] and found.bad(LIVE) and not steps.is_new(hung):
        cost = "Requests under way are cut; clients and watches connect again."
        made.append(steps.kill(hung, cost))
        preconditions |= dict([steps.fact(hung)])
    if not halted:
        made += _advice(found)
    return Draft(steps=tuple(made), preconditions=preconditions)


def _room_first(found: Findings) -> list[Step]:
    if found["disk.space"].status != "bad":
        return []
    return [steps.advice("Make room first", "central-config ops run disk-full")]


def _advice(found: Findings) -> list[Step]:
    """What a person has to look into when no process is to blame."""
    made = _room_first(found)
    missing = cast("list[str]", found[supervised.CHILDREN].facts.get("missing") or [])
    if missing:
        text = (
            f"the supervisor starts {', '.join(missing)} again, waiting up to 30 s in between; "
            "what does not stay says why in the log of `serve`, the servers in DATA_DIR/log"
        )
        made.append(steps.advice("Wait for the supervisor", text))
    if found.bad(REACHABLE):
        made.append(_database_advice(found[REACHABLE].summary, is_local=not missing))
    elif found.bad(LIVE) and steps.child(found, "api") is None and not missing:
        text = "no supervisor of this machine runs it: start the service `central-config api`"
        made.append(steps.advice("Start the API", text))
    return made


def _database_advice(said: str, *, is_local: bool) -> Step:
    if any(each in said for each in ("too many clients", "remaining connection slots")):
        text = "central-config ops run database-connections"
        return steps.advice("All connections are taken", text)
    text = "the end of DATA_DIR/log/postgres.log says why; never remove postmaster.pid or pg_wal"
    if not is_local:
        text = "the supervisor starts PostgreSQL again; " + text
    return steps.advice("See why PostgreSQL does not answer", text)


def in_cluster(found: Findings, where: Where) -> Draft:
    """Go back behind a fresh release, else restart, else more pods."""
    del where
    facts = found[cluster.ROLLOUT].facts
    if not facts.get("there") or not found.poor(cluster.ROLLOUT):
        return Draft()
    if found.bad(REACHABLE):
        text = "kubectl get pods -l app=postgresql; kubectl logs postgres-0 -c postgresql --tail=50"
        return Draft(steps=(steps.advice("See why PostgreSQL does not answer", text),))
    preconditions = in_kubernetes.rollout_fact(found)
    if facts.get("recent") and facts.get("previous") is not None:
        made = [in_kubernetes.undo_rollout(found)]
    else:
        made = [in_kubernetes.restart_api()]
    if in_kubernetes.at_maximum(found):
        step, more = in_kubernetes.raise_autoscaler(found)
        made.append(step)
        preconditions |= more
    return Draft(steps=tuple(made), preconditions=preconditions)


PLAYBOOK = Playbook(
    name="system-down",
    title="The system is completely down",
    symptoms=(
        "no endpoint answers, or every answer is an error",
        "the alerts CentralConfigDown or HighErrorRate",
    ),
    alerts=("CentralConfigDown", "CentralConfigInstanceDown", "HighErrorRate", "DatabaseDown"),
    probes=(
        supervised.PROBE,
        Probe("api", api.probe),
        Probe("database", database.probe),
        Probe("redis", redis.probe),
        Probe("jobs", jobs.probe),
        Probe("disk", disk.probe),
        cluster.PROBE,
        Probe("kubernetes", kubernetes.probe, where="kubernetes"),
        Probe("pods", kubernetes.inside, where="kubernetes"),
    ),
    plan={"local": local, "kubernetes": in_cluster},
    healthy=(
        supervised.SUPERVISOR,
        supervised.CHILDREN,
        LIVE,
        READY,
        REACHABLE,
        "redis.reachable",
        "jobs.leader",
    ),
    healthy_in_kubernetes=(cluster.ROLLOUT, "kubernetes.pods"),
    notes=(
        (
            "Deleting all pods at once turns a part that is down into a system that is down; a "
            "rollout replaces them one by one. A replica that is cut off from PostgreSQL serves "
            "reads from memory for about half a minute: leave it running."
        ),
    ),
    patience=120.0,
)
