"""What is to be done, as data: written to a file, read back, and applied by somebody else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from central_config.core.json import JSON
from central_config.playbooks.model.findings import Finding

TargetName = Literal["local", "kubernetes"]


class Sql(msgspec.Struct, frozen=True, tag="sql", tag_field="kind"):
    """One statement, `$1` and so on for its arguments. It returns rows when it did something.

    `admin`: as PostgreSQL's superuser, where this machine has its password.
    """

    statement: str
    arguments: tuple[Any, ...] = ()
    admin: bool = False


class Redis(msgspec.Struct, frozen=True, tag="redis", tag_field="kind"):
    """One Redis command."""

    words: tuple[str, ...]


class ClearCache(msgspec.Struct, frozen=True, tag="clear-cache", tag_field="kind"):
    """Removes the keys that begin with a prefix, a few at a time; nothing else is touched."""

    prefix: str


class Http(msgspec.Struct, frozen=True, tag="http", tag_field="kind"):
    """One request; any status below 400 is success.

    `body` is sent as JSON; `patience` (seconds) is for what takes long.
    """

    method: str
    url: str
    body: Any = None
    patience: float = 0.0


class OwnCommand(msgspec.Struct, frozen=True, tag="command", tag_field="kind"):
    """One command of this service on this machine, run to its end: `central-config WORDS`."""

    words: tuple[str, ...]
    patience: float = 60.0


class Kubectl(msgspec.Struct, frozen=True, tag="kubectl", tag_field="kind"):
    """One kubectl command; `words` without `kubectl` and without the namespace."""

    words: tuple[str, ...]


class Signal(msgspec.Struct, frozen=True, tag="signal", tag_field="kind"):
    """A signal; `started` (clock ticks since boot) tells the process from a successor.

    SIGTERM goes to the process, the others to its whole group.
    """

    process: str
    pid: int
    started: int
    signal: Literal["SIGTERM", "SIGKILL", "SIGCONT"]


class File(msgspec.Struct, frozen=True, tag="file", tag_field="kind"):
    """A file below the data directory is removed."""

    operation: Literal["remove"]
    path: str


class Program(msgspec.Struct, frozen=True, tag="program", tag_field="kind"):
    """A program is started and left running, its output appended to `log`.

    `variables` are added to the environment of whoever applies the plan; never a secret.
    """

    argv: tuple[str, ...]
    variables: Mapping[str, str] = {}
    log: str = "/dev/null"


class Advice(msgspec.Struct, frozen=True, tag="advice", tag_field="kind"):
    """What only a person can do or decide: shown, never carried out."""

    text: str


Call = Sql | Redis | ClearCache | Http | OwnCommand | Kubectl | Signal | File | Program | Advice


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do.

    Args:
        what: a sentence in the imperative.
        call: exactly what is carried out.
        effect: what it brings about.
        blast_radius: who notices, and for how long.
        undo: how it is taken back; says so where it cannot be.
        destructive: somebody loses something (a session, a process's work, a file): it needs the
            typed name `hits` and a reason.
        hits: the name of what it hits, as the operator types it (`session 4711`).
        check: how to see that it worked.
        after: seconds to wait before it, so that the step before can take effect.
    """

    what: str
    call: Call
    effect: str
    blast_radius: str
    undo: str
    check: str
    destructive: bool = False
    hits: str = ""
    after: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a destructive step that names nothing."""
        if self.destructive and not self.hits:
            message = f"the destructive step {self.what!r} does not say what it hits"
            raise ValueError(message)

    @property
    def is_advice(self) -> bool:
        """Whether it is for a person to do."""
        return isinstance(self.call, Advice)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a planner makes of findings.

    Args:
        steps: in this order; the first that fails ends the run.
        preconditions: named facts the steps rest on (`process api`: its id and start). Each must be
            there with the same value when the plan is applied; others may have come.
    """

    steps: tuple[Step, ...] = ()
    preconditions: Mapping[str, Any] = {}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A draft with its origin.

    `place` names what it was made for (a data directory, a namespace) and `machine` where that is
    (this host, a cluster's API server): it is applied nowhere else.
    `idle_minutes` is how long a session may sleep in its transaction, as the planner was told.
    """

    id: str
    playbook: str
    target: TargetName
    place: str
    created_at: datetime
    created_by: str
    findings: tuple[Finding, ...]
    preconditions: Mapping[str, Any]
    steps: tuple[Step, ...]
    idle_minutes: float = 5.0
    machine: str = ""

    @property
    def to_do(self) -> tuple[Step, ...]:
        """The steps that are carried out."""
        return tuple(each for each in self.steps if not each.is_advice)


def encode_plan(plan: Plan) -> bytes:
    """Return the plan as JSON, for people too."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n"


def decode_plan(data: bytes) -> Plan:
    """Return the plan.

    Raises:
        ValueError: it is none.
    """
    return msgspec.json.decode(data, type=Plan, strict=True)


def changed(expected: Mapping[str, JSON], found: Mapping[str, JSON]) -> list[str]:
    """Say which preconditions do not hold any more; an empty list when all do."""
    return [
        f"{name}: was {_text(value)}, is {_text(found[name]) if name in found else 'gone'}"
        for name, value in expected.items()
        if name not in found or _text(found[name]) != _text(value)
    ]


def _text(value: JSON) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
