"""A replica serves what is old: it lost its way to what is announced."""

from typing import cast

from central_config.core.json import JSON
from central_config.playbooks.model.cluster import APP, Pod
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Findings, Status
from central_config.playbooks.model.plans import Draft, Kubectl, Signal, Step
from central_config.playbooks.service.playbook import Playbook, Where
from central_config.playbooks.service.plays import steps
from central_config.playbooks.service.plays.looks import supervised
from central_config.playbooks.service.probes import api, clock, database, metrics
from central_config.playbooks.service.probes.kubernetes import ask
from central_config.playbooks.service.probes.looking import Probe, level
from central_config.playbooks.service.scrape import Scrape
from central_config.playbooks.service.world import World

AGE, REACHABLE = "replica.age", "database.reachable"
_METRIC = "central_config_snapshot_age_seconds"
# As readiness: 30 s. A look takes place every second when all is well.
_OLD, _TOO_OLD = 5.0, 30.0
_STARTING = 10  # seconds


async def of_pods(world: World) -> list[Finding]:
    """Ask every API pod through the API server; none of them need have a shell."""
    pods = [each for each in await ask(world, Pod, "pods", "-l", f"app={APP}") if each.digest]
    ages: dict[str, JSON] = {each.name: await _age(world, each.name) for each in pods}
    told = {name: cast("float", age) for name, age in ages.items() if age is not None}
    silent = [name for name, age in ages.items() if age is None]
    facts: dict[str, JSON] = {"seconds": ages, "silent": [*silent]}
    if not told:
        return [Finding(AGE, Status.UNKNOWN, "no pod tells the age of what it serves", facts)]
    oldest = max(told, key=lambda name: told[name])
    said = f"the oldest is {told[oldest]:.0f} s, of {oldest}"
    if silent:
        said += f"; no answer from {', '.join(silent)}"
    status = level(told[oldest], _OLD, _TOO_OLD)
    return [Finding(AGE, Status.UNKNOWN if silent and status is Status.OK else status, said, facts)]


async def _age(world: World, pod: str) -> float | None:
    path = f"/api/v1/namespaces/{world.namespace}/pods/{pod}:9000/proxy/metrics"
    try:
        return Scrape(await world.kubectl("get", "--raw", path)).one(_METRIC)
    except (UnreachableError, ValueError):
        return None


def local(found: Findings, where: Where) -> Draft:
    """Restart this machine's API, unless the database is what is away."""
    del where
    if found.bad(REACHABLE):
        return Draft(steps=(_database_first(),))
    if not found.poor(AGE):
        return Draft()
    row = steps.child(found, "api")
    if row is None:
        text = "no supervisor of this machine runs the API: restart it with what does"
        return Draft(steps=(steps.advice("Restart the replica", text),))
    if cast("int", row["age_seconds"]) < _STARTING:
        text = "the API was started seconds ago: it is still reading"
        return Draft(steps=(steps.advice("Wait", text),))
    pid, started = cast("int", row["pid"]), cast("int", row["started"])
    step = Step(
        what=f"Restart the API (process {pid})",
        call=Signal("api", pid, started, "SIGTERM"),
        effect="It finishes what it accepted and ends; its supervisor starts it again, and it reads"
        " everything anew from PostgreSQL.",
        blast_radius="Clients of this one replica see 503 or refused connections for seconds;"
        " watches reconnect and resume where they were.",
        undo="none needed",
        check="`Config-Age` of its answers is below 2",
    )
    return Draft(steps=(step,), preconditions=dict([steps.fact(row)]))


def in_cluster(found: Findings, where: Where) -> Draft:
    """Replace the pods that are old, and those only."""
    del where
    ages = cast("dict[str, float | None]", found[AGE].facts.get("seconds") or {})
    old = [name for name, age in ages.items() if age is not None and age >= _OLD]
    if len(old) == len(ages) and old:
        return Draft(steps=(_database_first(),))
    made = tuple(
        Step(
            what=f"Delete the pod {name}; the Deployment makes a new one",
            call=Kubectl(("delete", "pod", name, "--wait=false")),
            effect="The new pod reads everything from PostgreSQL and becomes Ready after it.",
            blast_radius="Clients of this one pod reconnect to others; watches resume.",
            undo="none needed",
            check=f"kubectl get pods -l app={APP}",
            destructive=True,
            hits=f"pod {name}",
        )
        for name in old
    )
    return Draft(steps=made, preconditions={f"pod {name}": "stale" for name in old})


def _database_first() -> Step:
    text = "central-config ops run system-down: no replica hears of changes, so none is to blame"
    return steps.advice("Look at PostgreSQL, not at the replicas", text)


PLAYBOOK = Playbook(
    name="replica-stale",
    title="A replica serves old values",
    symptoms=(
        "`Config-Age` of one replica's answers grows, others are current",
        "reads carry `Config-Stale: true`, or are refused with `snapshot-stale`",
        "the alert SnapshotStale",
    ),
    alerts=("SnapshotStale",),
    probes=(
        Probe("metrics", metrics.probe, question="How old is what this replica serves?"),
        Probe("api", api.probe, question="Is it ready?"),
        Probe("database", database.probe, question="Does PostgreSQL answer others?"),
        Probe("clock", clock.probe, question="Do the clocks agree?"),
        supervised.PROBE,
        Probe("ages", of_pods, where="kubernetes", question="How old is what each pod serves?"),
    ),
    plan={"local": local, "kubernetes": in_cluster},
    healthy=(AGE, "api.ready"),
    healthy_in_kubernetes=(AGE,),
    notes=(
        (
            "A replica confirms once a second that it is current, whether or not it hears"
            " announcements. One that could not for 30 s is not ready and gets no requests where a"
            " load balancer asks. Old values are never written back anywhere."
        ),
    ),
    patience=90.0,
    strict=(AGE,),
)
