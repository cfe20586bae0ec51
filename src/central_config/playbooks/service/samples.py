"""Findings as they are when things have gone wrong in the ways the playbooks know.

The generated pages show what a playbook would do then, with its exact calls: so they cannot say
anything else than the code does.
"""

from typing import Any, NamedTuple

from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.model.plans import TargetName


class Sample(NamedTuple):
    """One way things go wrong: where, in words, and what is found then."""

    target: TargetName
    when: str
    findings: tuple[Finding, ...]


def _bad(check: str, said: str = "", **facts: Any) -> Finding:  # noqa: ANN401 - any JSON
    return Finding(check, Status.BAD, said or f"{check} is bad", facts)


def _ok(check: str, said: str = "", **facts: Any) -> Finding:  # noqa: ANN401 - any JSON
    return Finding(check, Status.OK, said, facts)


def _warning(check: str, said: str = "", **facts: Any) -> Finding:  # noqa: ANN401 - any JSON
    return Finding(check, Status.WARNING, said, facts)


def _process(name: str, *, stopped: bool = False) -> dict[str, Any]:
    return {"name": name, "pid": 4711, "started": 1234, "stopped": stopped, "age_seconds": 3600}


def _session(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {
        "pid": 815,
        "session": "815:1767225600000000:1767225900000000",
        "application": "reporting",
        "state": "active",
        "seconds": 900,
        "ours": True,
        "words": "SELECT",
        **more,
    }


_RUNS = _ok("supervisor.running", running=True, process=_process("supervisor"))


def _children(*processes: dict[str, Any]) -> Finding:
    return _ok("supervisor.children", processes=list(processes), missing=[])


def _rollout(**more: Any) -> Finding:  # noqa: ANN401 - any JSON
    facts = {"there": True, "wanted": 3, "ready": 0, "generation": 7, "revision": 7, **more}
    return _bad("kubernetes.rollout", "0 of 3 API pods are ready", **facts)


_FULL_SCALER = _warning("kubernetes.autoscaler", minimum=3, maximum=6, current=6, desired=6)
_FULL_REDIS = _bad("redis.memory", "Redis is full")
_ARCHIVE = _bad("database.archiver", "archiving fails", mode="on")
_ENGINE = _bad("assistant.reachable", "no answer", url="http://127.0.0.1:11434")
_NO_MODEL = _bad("assistant.model", model="llama3.2:3b", present=[])
_KEY = _bad(
    "leak.token",
    "the key app is good",
    kind="key",
    id="01890000-0000-7000-8000-000000000000",
    name="app",
    prefix="cc_k3x9m2qa",
    workspace="shop",
    over=False,
)
_REACH = _warning("leak.reach", access="read", secrets=True, environments=["prod"], key_prefix="")
_BROKEN = {"chain": "00000000-0000-0000-0000-000000000000", "sequence": 42, "reason": "..."}

SAMPLES: dict[str, tuple[Sample, ...]] = {
    "system-down": (
        Sample(
            "local",
            "Nothing runs",
            (_bad("supervisor.running", running=False), _bad("supervisor.children")),
        ),
        Sample(
            "local",
            "A process is halted",
            (_RUNS, _children(_process("postgres", stopped=True))),
        ),
        Sample("local", "The API hangs", (_RUNS, _children(_process("api")), _bad("api.live"))),
        Sample(
            "kubernetes",
            "No pod is ready after a release, and the autoscaler has no more to give",
            (_rollout(recent=True, previous=6), _FULL_SCALER),
        ),
        Sample(
            "kubernetes", "No pod is ready, and nothing was released", (_rollout(recent=False),)
        ),
    ),
    "slow": (
        Sample(
            "local",
            "A session holds up others, the cache is full, an index is invalid",
            (
                _bad("locks.blocking", heads=[_session()]),
                _FULL_REDIS,
                _warning("indexes.invalid", indexes=["idx_cc_audit_log_created_at"]),
            ),
        ),
        Sample(
            "kubernetes",
            "The same, and the autoscaler has no more pods to give",
            (_bad("locks.blocking", heads=[_session()]), _FULL_REDIS, _FULL_SCALER),
        ),
    ),
    "database-connections": (
        Sample(
            "local",
            "Sessions sleep in their transactions",
            (_bad("sessions.idle_in_transaction", sessions=[_session()], seconds=300),),
        ),
        Sample(
            "kubernetes",
            "Sessions sleep in their transactions",
            (_bad("sessions.idle_in_transaction", sessions=[_session()], seconds=300),),
        ),
    ),
    "redis-lost": (
        Sample(
            "local",
            "It is halted",
            (
                _bad("redis.reachable"),
                _RUNS,
                _children(_process("valkey-server", stopped=True)),
            ),
        ),
        Sample(
            "local",
            "It hangs",
            (_bad("redis.reachable"), _RUNS, _children(_process("valkey-server"))),
        ),
        Sample(
            "local",
            "It follows another one, and is full",
            (_ok("redis.reachable"), _bad("redis.role", role="slave"), _FULL_REDIS),
        ),
        Sample("kubernetes", "It does not answer", (_bad("redis.reachable"),)),
    ),
    "disk-full": (
        Sample(
            "local",
            "PostgreSQL stopped; a slot nobody reads keeps its log",
            (
                _bad("disk.space"),
                _ok("disk.ballast", path="/var/lib/central-config/ballast", bytes=268435456),
                _ok(
                    "disk.use",
                    "postgres 19 GiB",
                    old_logs=[
                        {"path": "/var/lib/central-config/log/valkey.log.1", "bytes": 16777216}
                    ],
                ),
                _warning("database.slots", retained_bytes=8 * 1024**3, inactive=["standby_2"]),
            ),
        ),
        Sample(
            "kubernetes", "The volume of the database is full", (_bad("disk.volume", asked="20Gi"),)
        ),
    ),
    "replica-stale": (
        Sample(
            "local",
            "It has not been current for half a minute",
            (_bad("replica.age", seconds=45.0), _RUNS, _children(_process("api"))),
        ),
        Sample(
            "kubernetes",
            "One pod of three has not been current for half a minute",
            (_bad("replica.age", seconds={"pod-a": 45.0, "pod-b": 0.4, "pod-c": 0.6}),),
        ),
    ),
    "archive-stuck": (
        Sample("local", "Archiving fails", (_ARCHIVE,)),
        Sample("kubernetes", "Archiving fails", (_ARCHIVE,)),
    ),
    "ai-engine": (
        Sample("local", "It does not answer", (_ENGINE,)),
        Sample(
            "local",
            "It lacks the model",
            (_ok("assistant.reachable", url="http://127.0.0.1:11434"), _NO_MODEL),
        ),
        Sample("kubernetes", "It does not answer, and lacks the model", (_ENGINE, _NO_MODEL)),
    ),
    "certificate-expiring": (
        Sample(
            "local",
            "Both the file and what is served end soon",
            (
                _bad(
                    "certificates.soonest",
                    ailing=[
                        {"name": "site", "where": "/etc/ssl/site.pem", "ends": 0.0},
                        {"name": "served", "where": "config.example.com:443", "ends": 0.0},
                    ],
                ),
            ),
        ),
        Sample(
            "kubernetes",
            "It ends soon, and people renew it",
            (
                _bad("certificates.soonest", ailing=[{"name": "central-config-tls", "ends": 0.0}]),
                _ok("certificates.renewer", cert_manager=False),
            ),
        ),
        Sample(
            "kubernetes",
            "It ends soon, and cert-manager looks after it",
            (
                _bad("certificates.soonest", ailing=[{"name": "central-config-tls", "ends": 0.0}]),
                _ok("certificates.renewer", cert_manager=True, asked_at="2026-01-01T00:00:00Z"),
            ),
        ),
    ),
    "audit-chain-broken": (
        Sample(
            "local", "An event is not what was written", (_bad("audit.verified", broken=_BROKEN),)
        ),
        Sample("kubernetes", "An event is not what was written", (_bad("audit.chain"),)),
    ),
    "key-leaked": (
        Sample("local", "A key leaked", (_KEY, _REACH)),
        Sample(
            "local",
            "A session leaked",
            (
                _bad(
                    "leak.token",
                    kind="session",
                    id="01890000-0000-7000-8000-000000000001",
                    name="alice",
                    over=False,
                ),
            ),
        ),
        Sample("kubernetes", "A key leaked", ()),
    ),
}
