"""`central-config ops`: the runbook as commands."""

import asyncio
import getpass
import os
import secrets
import stat
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from central_config.core.clock import SystemClock
from central_config.core.json import JSON
from central_config.core.logging import configure_logging
from central_config.core.settings import get_settings
from central_config.playbooks.commands import screen
from central_config.playbooks.model.errors import RefusedError
from central_config.playbooks.model.findings import Status
from central_config.playbooks.model.plans import Plan, TargetName, decode_plan, encode_plan
from central_config.playbooks.model.runs import Exit, Health, exit_of
from central_config.playbooks.service import planning, probes
from central_config.playbooks.service.catalogue import find, playbooks
from central_config.playbooks.service.confirming import Consent
from central_config.playbooks.service.playbook import Playbook
from central_config.playbooks.service.running import Runner
from central_config.playbooks.service.world import World
from central_config.supervisor.ballast import lay
from central_config.supervisor.environment import own_environment
from central_config.supervisor.local import with_local_servers

Form = Annotated[Literal["table", "json"], Parameter(name=("--output", "-o"))]

_PRIVATE_FILE = 0o600
_INQUIRIES = "central_config.playbooks.commands.inquiry"

app = App(
    name="ops",
    help="The runbook as commands: diagnose, plan, apply, verify.",
    help_format="markdown",
    default_parameter=Parameter(
        negative=(), show_default=lambda value: str(value) if value else ""
    ),
)

# By name: what these import takes half a second, and only they need it.
for _name, _summary in {
    "evidence": "Freeze the audit log as it is, with what is wrong with it; nothing is changed.",
    "revoke-key": "Revoke an API key for ever, on this machine's settings; the audit log has it.",
    "end-session": "End a sign-in, on this machine's settings; the audit log has it.",
    "log-summary": "Sum up a log on standard input: who asks most, and who is refused.",
}.items():
    app.command(f"{_INQUIRIES}:{_name.replace('-', '_')}", name=_name, help=_summary)


@app.command(name="list")
def list_(*, output: Form = "table") -> int:
    """List the playbooks, with the symptoms they are for.

    Args:
        output: table, or json.
    """
    if output == "json":
        screen.write_json([_described(each) for each in playbooks()])
    else:
        screen.write_playbooks(playbooks())
    return Exit.FIXED


@app.command
def diagnose(
    *,
    target: TargetName = "local",
    namespace: str = "central-config",
    output: Form = "table",
) -> int:
    """Look at the whole system at once. Nothing is changed.

    Exit code 0: well (warnings count as well), 1: something is bad, 3: somebody could not tell.

    Args:
        target: this machine, or a cluster through kubectl.
        namespace: where in the cluster.
        output: table, or json.
    """
    world = _world(target, namespace)
    found = asyncio.run(probes.look(world))
    statuses = {each.status for each in found}
    health: Health = "broken" if Status.BAD in statuses else "well"
    if health == "well" and (Status.UNKNOWN in statuses or Status.OK not in statuses):
        health = "unknown"
    if output == "json":
        screen.write_json({"target": target, "health": health, "findings": found})
    else:
        screen.write_findings(found)
        screen.write_health(health)
    return exit_of(health)


@app.command
def run(
    playbook: str,
    /,
    *,
    target: TargetName = "local",
    namespace: str = "central-config",
    idle_minutes: float = 5.0,
    save: Path | None = None,
    output: Form = "table",
) -> int:
    """Diagnose by a playbook and show what it would do. Nothing is changed.

    Exit code 0: nothing to fix, 1: something to fix, 2: refused, 3: somebody could not tell.

    Args:
        playbook: its name; `central-config ops list` lists them.
        target: this machine, or a cluster through kubectl.
        namespace: where in the cluster.
        idle_minutes: a session that sleeps in its transaction for longer is to be ended.
        save: the plan is written to this file, for `central-config ops apply`.
        output: table, or json.
    """
    world = _world(target, namespace, idle_minutes)
    return _ended(_run(world, playbook, save, output), output)


@app.command
def apply(  # noqa: PLR0913 - the options of a command
    plan: Path,
    /,
    *,
    yes: bool = False,
    confirm: list[str] | None = None,
    reason: str = "",
    step: list[int] | None = None,
    patience: float | None = None,
    output: Form = "table",
) -> int:
    """Carry a plan out, step by step, and verify. Refused when the state changed since.

    Exit code 0: fixed, 1: not fixed, 2: refused (nothing was done), 3: somebody could not tell.

    Args:
        plan: the file that `ops run --save` wrote; it is good for 15 minutes.
        yes: carry out steps that harm nobody without asking.
        confirm: the name of what a destructive step hits, as the plan says; may be repeated.
        reason: why; needed for destructive steps, and recorded.
        step: carry out only the step of this number; may be repeated.
        patience: seconds the verification waits; by default as long as the playbook says.
        output: table, or json.
    """
    consent = Consent(yes, confirm or (), reason, step or (), _ask)
    return _ended(_apply(plan, consent, patience, output), output)


@app.command
def ballast() -> int:
    """Lay the file that is removed when the disk is full, where it is missing."""
    world = _world("local", "")
    if world.paths is None:
        screen.say("no data directory of `central-config serve` on this machine")
        return Exit.REFUSED
    try:
        size = lay(world.paths)
    except OSError as error:
        screen.say(f"cannot be laid: {error.strerror}")
        return Exit.NOT_FIXED
    if not size:
        screen.say("not laid: there is not enough room")
        return Exit.NOT_FIXED
    screen.say(f"{world.paths.ballast} takes {size} bytes")
    return Exit.FIXED


async def _run(world: World, name: str, save: Path | None, output: Form) -> int:
    playbook = find(name)
    world.given = _handed_over(playbook)
    await Runner(world, SystemClock(), screen.say).merge()
    findings = await planning.diagnose(world, playbook)
    health = playbook.health(world.target, findings)
    plan = await planning.make_plan(world, playbook, findings, SystemClock())
    if save is not None:
        _save(save, plan)
    code = exit_of(health)
    if plan.to_do and code is not Exit.UNKNOWN:
        code = Exit.NOT_FIXED
    if output == "json":
        screen.write_json({"health": health, "exit": int(code), "plan": plan})
        return code
    screen.write_findings(findings)
    screen.write_plan(plan)
    screen.write_health(health)
    if plan.to_do and save is None:
        screen.say(f"Nothing was changed. To act: central-config ops run {name} --save PLAN")
    elif plan.to_do:
        screen.say(f"Nothing was changed. To act: central-config ops apply {save}")
    return code


async def _apply(path: Path, consent: Consent, patience: float | None, output: Form) -> int:
    plan = _read(path)
    world = _world(plan.target, plan.place, plan.idle_minutes)
    world.given = _handed_over(find(plan.playbook))
    if output == "table":
        screen.write_plan(plan)
    done = await Runner(world, SystemClock(), screen.say).apply(plan, consent, patience)
    if output == "json":
        screen.write_json({"exit": int(done.code), "run": done})
    else:
        screen.write_run(done)
    return done.code


def _world(target: TargetName, namespace: str, idle_minutes: float = 5.0) -> World:
    settings = get_settings().model_copy(update={"log_level": "ERROR"})
    configure_logging(settings, stream=sys.stderr)
    if target == "local":
        return World(with_local_servers(settings), idle_minutes=idle_minutes)
    return World(settings, "kubernetes", namespace, idle_minutes=idle_minutes)


def _ended(work: Coroutine[Any, Any, int], output: Form) -> int:
    try:
        return asyncio.run(work)
    except RefusedError as error:
        screen.say(f"refused: {error}")
        if output == "json":
            screen.write_json({"exit": int(Exit.REFUSED), "refused": str(error)})
        return Exit.REFUSED


def _read(path: Path) -> Plan:
    try:
        with path.open("rb") as file:
            _refuse_foreign(path, os.fstat(file.fileno()))
            return decode_plan(file.read())
    except (OSError, ValueError) as error:
        raise RefusedError(f"{path} is no plan: {error}") from error


def _refuse_foreign(path: Path, found: os.stat_result) -> None:
    """Refuse a plan that somebody else could have written: whoever applies it does what it says."""
    known = {0, os.geteuid(), int(own_environment().get("SUDO_UID", "0"))}
    if found.st_uid not in known:
        raise RefusedError(f"{path} belongs to somebody else: plan again")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise RefusedError(f"others may write to {path}: plan again, or look through it and chmod")


def _save(path: Path, plan: Plan) -> None:
    """Write the plan; only its owner may read it, for it says how to harm the system.

    In a new file: one that is there may be somebody else's, or lead elsewhere.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(encode_plan(plan))
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise RefusedError(f"the plan cannot be saved to {path}: {error.strerror}") from error


def _handed_over(playbook: Playbook) -> str:
    """Return what a playbook asks for: never from the command line, which others can read."""
    if not playbook.asks:
        return ""
    if sys.stdin.isatty():
        return getpass.getpass(f"{playbook.asks} (not shown): ").strip()
    return sys.stdin.readline().strip()


def _ask(question: str) -> str | None:
    """Ask the person at the keyboard; None where there is none."""
    if not sys.stdin.isatty():
        return None
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline()


def _described(playbook: Playbook) -> dict[str, JSON]:
    return {
        "name": playbook.name,
        "title": playbook.title,
        "symptoms": list[JSON](playbook.symptoms),
        "alerts": list[JSON](playbook.alerts),
        "targets": list[JSON](playbook.plan),
        "healthy": list[JSON](playbook.healthy),
    }
