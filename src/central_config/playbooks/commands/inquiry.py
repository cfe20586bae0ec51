"""Commands of `central-config ops` that look into something, and what playbooks carry out."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from cyclopts import Parameter

from central_config.core.clock import SystemClock
from central_config.core.logging import configure_logging
from central_config.core.problems import Problem
from central_config.core.settings import get_settings
from central_config.playbooks.commands import screen
from central_config.playbooks.model.errors import RefusedError, UnreachableError
from central_config.playbooks.model.runs import Exit
from central_config.playbooks.service import leaks
from central_config.playbooks.service.evidence import earlier_holds, freeze
from central_config.playbooks.service.log_summary import summarize
from central_config.playbooks.service.world import World
from central_config.supervisor.local import with_local_servers

Form = Annotated[Literal["table", "json"], Parameter(name=("--output", "-o"))]


def _world() -> World:
    settings = get_settings().model_copy(update={"log_level": "ERROR"})
    configure_logging(settings, stream=sys.stderr)
    return World(with_local_servers(settings))


def evidence(*, output: Path, compare: list[Path] | None = None) -> int:
    """Freeze the audit log as it is, with what is wrong with it; nothing is changed.

    Exit code 0: written (also when the log is broken), 1: not written, 2: refused.

    Args:
        output: a new directory.
        compare: an earlier export; each event that was otherwise in it is named. May be repeated.
    """
    try:
        for each in compare or ():
            if not earlier_holds(each):
                screen.say(f"careful: {each} does not prove itself either")
        frozen = asyncio.run(freeze(_world(), output, SystemClock(), compare or ()))
    except RefusedError as error:
        screen.say(f"refused: {error}")
        return Exit.REFUSED
    except (UnreachableError, OSError, ValueError) as error:
        screen.say(f"not written: {error}")
        return Exit.NOT_FIXED
    if frozen.differences is not None:
        screen.say(f"{frozen.differences} events are gone or stood otherwise before")
    screen.say(f"first broken: {frozen.broken or 'none, the log is what was written'}")
    sys.stdout.write(f"{frozen.directory}\n")
    return Exit.FIXED


def revoke_key(key: UUID, /) -> int:
    """Revoke an API key for ever, on this machine's settings; the audit log has it.

    Args:
        key: its id.
    """
    try:
        asyncio.run(leaks.revoke_key(_world(), key))
    except Problem as problem:
        screen.say(f"refused: {problem.detail}")
        return Exit.REFUSED
    except UnreachableError as error:
        screen.say(str(error))
        return Exit.NOT_FIXED
    sys.stdout.write(f"key {key} is revoked\n")
    return Exit.FIXED


def end_session(session: UUID, /) -> int:
    """End a sign-in, on this machine's settings; the audit log has it.

    Args:
        session: its id.
    """
    try:
        asyncio.run(leaks.end_session(_world(), session))
    except UnreachableError as error:
        screen.say(str(error))
        return Exit.NOT_FIXED
    sys.stdout.write(f"session {session} has ended\n")
    return Exit.FIXED


def log_summary(*, most: int = 10, output: Form = "table") -> int:
    """Sum up a log on standard input: who asks most, and who is refused.

    Args:
        most: how many addresses to show.
        output: table, or json.
    """
    found = summarize(sys.stdin, most)
    if output == "json":
        screen.write_json(found)
        return Exit.FIXED
    write = sys.stdout.write
    write(f"{found['requests']} requests, {found['refusals']} refused tokens and sign-ins\n")
    for title, name in (("Most refusals", "most_refusals"), ("Most requests", "most_requests")):
        write(f"\n{title}\n")
        rows = found[name]
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict):
                write(f"  {row['count']:>8}  {row['client_ip']}\n")
    return Exit.FIXED
