"""Carries out the calls of a plan, one by one, each guarded against hitting anything else."""

import asyncio
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from central_config.playbooks.model.errors import RefusedError, UnreachableError
from central_config.playbooks.model.plans import (
    Advice,
    Call,
    ClearCache,
    File,
    Http,
    Kubectl,
    OwnCommand,
    Program,
    Redis,
    Signal,
    Sql,
)
from central_config.playbooks.model.runs import Done
from central_config.playbooks.service.world import World
from central_config.playbooks.store.proc import standing
from central_config.supervisor.environment import own_environment

_REFUSED = 400
# Seconds a killed process has to be gone, and between two looks.
_GONE_WITHIN, _POLL = 5.0, 0.1
# Seconds after which a program that is still there counts as started.
_STARTED_AFTER = 1.0


class Came(NamedTuple):
    """What came of a call."""

    outcome: Done
    detail: str


async def carry_out(world: World, call: Call) -> Came:
    """Do it; a failure is an answer, not an exception."""
    try:
        return await _carry_out(world, call)
    except (UnreachableError, RefusedError) as error:
        return Came(Done.FAILED, str(error))
    except OSError as error:
        return Came(Done.FAILED, f"{error.strerror or error}")


async def _carry_out(world: World, call: Call) -> Came:  # noqa: PLR0911, C901 - one case a kind
    match call:
        case Sql():
            return await _sql(world, call)
        case Redis():
            return Came(Done.DONE, f"answered {await world.redis(*call.words)}")
        case ClearCache():
            return Came(Done.DONE, f"{await world.clear_cache(call.prefix)} keys removed")
        case Http():
            return await _http(world, call)
        case OwnCommand() | Kubectl():
            return await _command(world, call)
        case Signal():
            return await _signal(call)
        case File():
            return _file(world, call)
        case Program():
            return await _program(call)
        case Advice():
            return Came(Done.LEFT_TO_YOU, call.text)


async def _sql(world: World, call: Sql) -> Came:
    rows = await world.rows(call.statement, *call.arguments, admin=call.admin)
    if not rows:
        return Came(Done.NOT_NEEDED, "nothing was there any more")
    if any(value is False for row in rows for value in row.values()):
        return Came(Done.FAILED, "PostgreSQL would not do it")
    return Came(Done.DONE, f"{len(rows)} hit")


async def _http(world: World, call: Http) -> Came:
    patient = replace(world, patience=call.patience or world.patience)
    answer = await patient.http(call.url, method=call.method, body=call.body)
    outcome = Done.DONE if answer.status < _REFUSED else Done.FAILED
    return Came(outcome, f"answered {answer.status}")


async def _command(world: World, call: OwnCommand | Kubectl) -> Came:
    if isinstance(call, Kubectl):
        said = (await world.kubectl(*call.words)).strip().splitlines()
    else:
        said = (await world.own_command(call.words, call.patience)).strip().splitlines()
    return Came(Done.DONE, said[-1] if said else "no output")


async def _signal(call: Signal) -> Came:
    found = standing(call.pid)
    if found is None or found.started != call.started:
        return Came(Done.NOT_NEEDED, f"process {call.pid} is gone")
    number = signal.Signals[call.signal]
    if number is signal.SIGTERM or os.getpgid(call.pid) != call.pid:
        os.kill(call.pid, number)
    else:
        os.killpg(call.pid, number)
    if number is signal.SIGKILL and not await _gone(call):
        return Came(Done.FAILED, f"process {call.pid} is still there: stuck in the kernel")
    return Came(Done.DONE, f"{call.signal} sent to {call.process} ({call.pid})")


async def _gone(call: Signal) -> bool:
    for _ in range(int(_GONE_WITHIN / _POLL)):
        found = standing(call.pid)
        if found is None or found.started != call.started:
            return True
        await asyncio.sleep(_POLL)
    return False


def _file(world: World, call: File) -> Came:
    path = Path(call.path)
    # Also against a plan that somebody wrote: the master key and PostgreSQL are near.
    paths, found = world.paths, path.resolve()
    is_log = (
        paths is not None and found.parent == paths.logs.resolve() and found.name.endswith(".log.1")
    )
    if paths is None or not (is_log or found == paths.ballast):
        raise RefusedError(f"{path} is none of the files a playbook removes")
    if not path.exists():
        return Came(Done.NOT_NEEDED, f"{path} is gone")
    size = path.stat().st_size
    path.unlink()
    return Came(Done.DONE, f"{size} bytes free")


async def _program(call: Program) -> Came:
    process = _start(call)
    await asyncio.sleep(_STARTED_AFTER)
    code = process.poll()
    if code:
        return Came(Done.FAILED, f"it ended at once with {code}; see {call.log}")
    # It is to outlive us: Python would warn of a child nobody waited for.
    process.returncode = 0
    return Came(Done.DONE, f"started as process {process.pid}, log in {call.log}")


def _start(call: Program) -> subprocess.Popen[bytes]:
    with Path(call.log).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - what, the plan says
            call.argv,
            env={**own_environment(), **call.variables},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
