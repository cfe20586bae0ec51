"""Steps that several playbooks take."""

from collections.abc import Sequence
from typing import cast

from central_config.core.json import JSON
from central_config.playbooks.model.findings import Findings
from central_config.playbooks.model.plans import Advice, ClearCache, Program, Signal, Step
from central_config.playbooks.service.playbook import Where
from central_config.playbooks.service.plays.looks.supervised import CHILDREN, SUPERVISOR

Row = dict[str, JSON]

# A process younger than this is still starting (seconds).
NEW = 45


def child(found: Findings, name: str) -> Row | None:
    """Return a child of the supervisor; None when it is not there."""
    rows = found.rows(CHILDREN, "processes")
    return next((each for each in rows if each["name"] == name), None)


def supervisor(found: Findings) -> Row | None:
    """Return the supervisor; None when it is not there."""
    return cast("Row | None", found[SUPERVISOR].facts.get("process"))


def is_new(row: Row) -> bool:
    """Tell whether a process may still be starting."""
    return cast("int", row["age_seconds"]) < NEW


def fact(row: Row) -> tuple[str, JSON]:
    """Return the precondition that a process is still this one, halted or not as it was."""
    value: dict[str, JSON] = {each: row[each] for each in ("pid", "started", "stopped")}
    return f"process {row['name']}", value


def go_on(row: Row) -> Step:
    """Let a halted process go on."""
    name = str(row["name"])
    return Step(
        what=f"Let {name} (process {row['pid']}) go on",
        call=_signal(row, "SIGCONT"),
        effect="It was halted (SIGSTOP, or a debugger) and continues where it stood.",
        blast_radius="Nobody loses anything. What waited for it is answered.",
        undo=f"kill -STOP {row['pid']}",
        check=f"the state of process {row['pid']} in `ps` is no longer T",
    )


def kill(row: Row, cost: str) -> Step:
    """End a process that hangs; the supervisor starts it again."""
    name = str(row["name"])
    return Step(
        what=f"End {name} (process {row['pid']}); its supervisor starts it again",
        call=_signal(row, "SIGKILL"),
        effect=f"The supervisor sees {name} end and starts it again within seconds; "
        "the delay doubles with each restart, up to 30 s.",
        blast_radius=cost,
        undo="none; what it was working on is done again",
        check=f"`central-config ops diagnose` shows {name} with another process number",
        destructive=True,
        hits=name,
    )


def start_supervisor(where: Where) -> Step:
    """Start everything on this machine."""
    log = f"{where.data_dir}/log/serve.log"
    command = " ".join(
        (*(f"{name}={value}" for name, value in where.variables.items()), *where.start)
    )
    return Step(
        what="Start everything on this machine",
        call=Program(where.start, where.variables, log),
        effect="PostgreSQL, Valkey, API, worker and beat are started and kept running. "
        "PostgreSQL recovers first where it was cut off.",
        blast_radius="Nothing runs now, so nobody loses anything. Where a service manager is "
        "to run it, start it there instead: what is started here ends with the machine.",
        undo="send SIGTERM to the process in `supervisor.lock`",
        check=f"the same by hand: `{command}`; its log is {log}",
    )


def clear_cache(where: Where) -> Step:
    """Remove the copies of workspaces from Redis."""
    prefix = f"{where.cache_prefix}snapshot:"
    return Step(
        what=f"Remove the cached copies of workspaces ({prefix}*)",
        call=ClearCache(prefix),
        effect="Room in Redis; replicas write new copies by and by.",
        blast_radius="A replica that starts meanwhile reads from PostgreSQL, which takes longer. "
        "Jobs, sessions and counters of failed sign-ins stay: this is no FLUSHALL.",
        undo="none needed; the copies come back by themselves",
        check="`central-config ops diagnose` shows less memory in use",
    )


def advice(what: str, text: str, *, effect: str = "", check: str = "") -> Step:
    """Something only a person can do or decide."""
    return Step(
        what=what,
        call=Advice(text),
        effect=effect or "see the text",
        blast_radius="none by itself",
        undo="-",
        check=check or "run this playbook again",
    )


def names_of(rows: Sequence[Row], key: str) -> list[str]:
    """Return the distinct values of a column, in order of appearance."""
    return list(dict.fromkeys(str(each[key]) for each in rows))


def _signal(row: Row, signal: str) -> Signal:
    pid, started = cast("int", row["pid"]), cast("int", row["started"])
    if signal == "SIGCONT":
        return Signal(str(row["name"]), pid, started, "SIGCONT")
    return Signal(str(row["name"]), pid, started, "SIGKILL")
