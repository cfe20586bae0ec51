"""PostgreSQL has no connections left, or refuses them."""

from typing import cast

from central_config.core.json import JSON
from central_config.playbooks.model.findings import Finding, Findings, Status
from central_config.playbooks.model.plans import Draft, Step
from central_config.playbooks.service.playbook import Playbook, Where
from central_config.playbooks.service.plays import steps
from central_config.playbooks.service.plays.asking import sql_call
from central_config.playbooks.service.plays.looks import database as looks
from central_config.playbooks.service.probes import api, database, kubernetes
from central_config.playbooks.service.probes.looking import Probe
from central_config.playbooks.store import statements

OURS = "central-config"
# Sessions that an application holds without using them, from which they are worth a word.
HOARD = 10


def plan(found: Findings, where: Where) -> Draft:
    """End exactly the sessions that sleep in a transaction; say who else holds connections."""
    idle = found.rows(looks.IDLE, "sessions")
    made: list[Step] = []
    preconditions: dict[str, JSON] = {}
    for application in steps.names_of(idle, "application"):
        sessions = [str(each["session"]) for each in idle if each["application"] == application]
        made.append(_end(application, sessions, found[looks.IDLE], where))
        for each in sessions:
            preconditions[f"session {each}"] = application
    made += _hoarders(found)
    return Draft(steps=(*made, *_budget(found)), preconditions=preconditions)


def _end(application: str, sessions: list[str], found: Finding, where: Where) -> Step:
    minutes = cast("int", found.facts["seconds"]) / 60
    return Step(
        what=f"End {len(sessions)} sessions of {application} that sleep in a transaction",
        call=sql_call(where, statements.END_ASLEEP, sessions),
        effect=f"Their transactions, untouched for {minutes:g} minutes or more, are rolled back; "
        "their connections and locks are free. A session that woke up meanwhile is not hit.",
        blast_radius=f"{application} loses what it had not committed, and has to connect again.",
        undo="none; the application does its work again",
        check="`central-config ops diagnose` shows no session that sleeps in a transaction",
        destructive=True,
        hits=application,
    )


def _hoarders(found: Findings) -> list[Step]:
    """Idle connections are a pool's business: they are named, never ended."""
    facts = found[looks.CONNECTIONS].facts
    if not found.poor(looks.CONNECTIONS) or "groups" not in facts:
        return []
    return [
        steps.advice(
            f"{each['application']} holds {each['sessions']} idle connections",
            "lower its pool, or put a pooler between; `docs/how-to/"
            "use-an-external-database-and-redis.md` says how",
        )
        for each in found.rows(looks.CONNECTIONS, "groups")
        if each["state"] == "idle"
        and cast("int", each["sessions"]) >= HOARD
        and not str(each["application"]).startswith(OURS)
    ]


def _budget(found: Findings) -> list[Step]:
    facts = found["database.budget"].facts
    if found["database.budget"].status is not Status.WARNING:
        return []
    return [
        steps.advice(
            "Bring the pools and PostgreSQL's limit together",
            f"the settings allow {facts.get('asked')} connections, PostgreSQL "
            f"{facts.get('limit')}: lower DATABASE_POOL_SIZE and DATABASE_MAX_OVERFLOW or the "
            "number of replicas, raise max_connections, or put PgBouncer between; "
            "`central-config doctor` computes the budget",
        )
    ]


PLAYBOOK = Playbook(
    name="database-connections",
    title="Database connections run out",
    symptoms=(
        '"too many clients" or "connection refused" in the log',
        "requests wait for a connection and time out",
        "the alert DatabaseConnectionIssues",
    ),
    alerts=("DatabaseConnectionIssues", "ConnectionBudgetExceeded"),
    probes=(
        Probe("database", database.probe),
        *looks.SESSIONS_PROBES,
        Probe("api", api.probe),
        Probe("kubernetes", kubernetes.probe, where="kubernetes"),
    ),
    plan={"local": plan, "kubernetes": plan},
    healthy=("database.reachable", looks.CONNECTIONS, looks.IDLE, "api.ready"),
    healthy_in_kubernetes=(looks.CONNECTIONS, looks.IDLE, "kubernetes.pods"),
    notes=(
        (
            "Only sessions that sleep *inside a transaction* are ended: client backends of our "
            "database, each known by its process, its start and its last statement. Idle "
            "connections of pools, replication and backups are never touched; ending everything "
            "old by `state_change` hits exactly those."
        ),
        (
            "A larger pool is seldom the answer: every replica has one, and together they must "
            "fit into `max_connections`."
        ),
    ),
    patience=45.0,
)
