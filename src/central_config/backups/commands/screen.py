"""How these commands speak: lines for people, JSON for programs, and how they end."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Annotated, Literal, TypeVar

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from central_config.backups.model.errors import BackupFailedError, BackupRefusedError
from central_config.core.db import lost_connection
from central_config.core.logging import configure_logging
from central_config.core.settings import Settings, get_settings
from central_config.supervisor.errors import StartRefusedError
from central_config.supervisor.local import with_local_servers

T = TypeVar("T")

Form = Annotated[Literal["table", "json"], Parameter(name=("--output", "-o"))]

WELL, NOT_WELL, REFUSED, UNKNOWN = 0, 1, 2, 3
_UNITS = ("B", "kB", "MB", "GB", "TB")
_THOUSAND = 1000


class EndedError(Exception):
    """What was asked for could not be done; it has been said why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def settings() -> Settings:
    """Return the settings as the service beside us has them; what is logged goes to stderr."""
    found = with_local_servers(get_settings())
    configure_logging(found, stream=sys.stderr)
    return found


def ended(act: Callable[[], int]) -> int:
    """Run a command; what it raises becomes words and an exit code."""
    try:
        return act()
    except (BackupRefusedError, StartRefusedError) as problem:
        say(str(problem))
        return REFUSED
    except BackupFailedError as problem:
        say(str(problem))
        return NOT_WELL
    except EndedError as problem:
        say("ended before it was done")
        return problem.code
    except Exception as error:
        if not lost_connection(error):
            raise
        say(f"the database does not answer: {type(error).__name__}")
        return UNKNOWN


def wait_for(work: Coroutine[object, object, T]) -> T:
    """Run something that waits, to its end; SIGTERM and SIGHUP let it tidy up, as Ctrl-C does."""
    return asyncio.run(_interruptible(work))


async def _interruptible(work: Coroutine[object, object, T]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        if not task.cancelled():
            task.cancel()
            await asyncio.wait([task])
            raise
        raise EndedError(NOT_WELL) from None


def show(data: object, form: str, lines: Iterable[str]) -> None:
    """Print a result: as JSON, or as lines."""
    if form == "json":
        text = msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
        sys.stdout.write(text + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; as wide as needed where nobody's terminal ends."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        made.add_column(name.upper(), overflow="fold")
    for row in rows:
        made.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    width = None if sys.stdout.isatty() else 10_000
    Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False).print(made)


def say(message: str) -> None:
    """Tell the person something, beside the result."""
    sys.stderr.write(message + "\n")


def size(number: float) -> str:
    """Return a number of bytes as people read it."""
    for unit in _UNITS:
        if number < _THOUSAND or unit == _UNITS[-1]:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= _THOUSAND
    return ""
