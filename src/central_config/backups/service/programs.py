"""PostgreSQL's own programs: found in the version that fits, and run without shell or terminal."""

import asyncio
import shutil
import subprocess
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from central_config.backups.model.errors import BackupFailedError, BackupRefusedError
from central_config.core.settings import Settings
from central_config.supervisor.binaries import SYSTEM_POSTGRES, find_postgres
from central_config.supervisor.environment import own_environment
from central_config.supervisor.errors import StartRefusedError

_VERSION_WITHIN = 20  # seconds
# What is kept of what a program says (bytes); the last lines tell why it failed.
_SAID = 16 * 1024


class Programs(NamedTuple):
    """A directory with `pg_dump` and `pg_restore`, and their version."""

    directory: Path
    version: str

    @property
    def major(self) -> int:
        """The major version."""
        return int(self.version.partition(".")[0])


def programs_for(settings: Settings, server: int, at_least: int = 0) -> Programs:
    """Return the programs for a server: of its version if there are any, else of a later one.

    Args:
        settings: POSTGRES_BIN names the only place to look at.
        server: `server_version_num`.
        at_least: the major version of the program that wrote a dump; an older cannot read it.

    Raises:
        BackupRefusedError: there are none, or all are too old.
    """
    needed = max(server // 10_000, at_least)
    found = list(_found(settings))
    fitting = [each for each in found if each.major >= needed]
    if fitting:
        return min(fitting, key=lambda each: each.major)
    how = (
        f"install `postgresql-client-{needed}`, or set POSTGRES_BIN to a directory with them, "
        "or install `central-config[embedded]`"
    )
    if not found:
        place = "" if settings.postgres_bin is None else f" in POSTGRES_BIN={settings.postgres_bin}"
        raise BackupRefusedError(f"there is no pg_dump and pg_restore{place}: {how}")
    newest = max(found, key=lambda each: each.major)
    raise BackupRefusedError(
        f"pg_dump and pg_restore {newest.version} in {newest.directory} are too old: "
        f"version {needed} is needed; {how}"
    )


def _found(settings: Settings) -> Iterator[Programs]:
    for place in dict.fromkeys(_places(settings)):
        version = _version(place / "pg_dump")
        if version is not None and (place / "pg_restore").exists():
            yield Programs(place, version)


def _places(settings: Settings) -> Iterator[Path]:
    if settings.postgres_bin is not None:
        yield settings.postgres_bin
        return
    with suppress(StartRefusedError):
        yield find_postgres()
    yield from SYSTEM_POSTGRES.glob("*/bin")
    on_path = shutil.which("pg_dump")
    if on_path is not None:
        yield Path(on_path).parent


def _version(program: Path) -> str | None:
    try:
        answer = subprocess.run(  # noqa: S603 - a program of PostgreSQL in a place we know
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            text=True,
            timeout=_VERSION_WITHIN,
            env=own_environment(),
        )
        version = answer.stdout.split(")")[1].split()[0]  # pg_dump (PostgreSQL) 18.6 (Debian ...)
        int(version.partition(".")[0])
    except (OSError, subprocess.SubprocessError, IndexError, ValueError):
        return None
    return version


def without_password(url: str) -> tuple[str, Mapping[str, str]]:
    """Return an address that may stand in a list of processes, and the variables that complete it.

    Whoever reads the environment of a process could as well read its memory.
    """
    parts = urlsplit(url.replace("postgresql+asyncpg://", "postgresql://", 1))
    query = parse_qsl(parts.query, keep_blank_values=True)
    password = unquote(parts.password or "") or dict(query).get("password", "")
    place = parts.netloc.rpartition("@")[2]
    if parts.username:
        place = f"{quote(unquote(parts.username), safe='')}@{place}"
    rest = urlencode([each for each in query if each[0] != "password"], quote_via=quote)
    bare = f"postgresql://{place}{parts.path}" + (f"?{rest}" if rest else "")
    return bare, {"PGPASSWORD": password} if password else {}


class Running:
    """A program that runs, with pipes to it; `said` is what it wrote to its standard error."""

    def __init__(self, name: str, process: Process) -> None:
        self._name = name
        self._process = process
        self._said = bytearray()
        self._listening = asyncio.create_task(self._listen(), name=f"{name} errors")

    async def read(self, size: int) -> bytes:
        """Return so many bytes of its output; fewer only at the end."""
        assert self._process.stdout is not None  # noqa: S101 - it was started with a pipe
        try:
            return await self._process.stdout.readexactly(size)
        except asyncio.IncompleteReadError as end:
            return end.partial

    async def write(self, data: bytes) -> bool:
        """Hand it some input; False: it reads no more."""
        assert self._process.stdin is not None  # noqa: S101 - it was started with a pipe
        self._process.stdin.write(data)
        try:
            await self._process.stdin.drain()
        except ConnectionError:
            return False
        return True

    async def finish(self) -> None:
        """Close its input and wait until it ends.

        Raises:
            BackupFailedError: it did not end well; with its last words.
        """
        if self._process.stdin is not None:
            self._process.stdin.close()
            with suppress(ConnectionError):
                await self._process.stdin.wait_closed()
        code = await self._process.wait()
        await self._listening
        if code != 0:
            lines = self._said.decode(errors="replace").strip().splitlines()
            raise BackupFailedError(f"{self._name} failed: {'; '.join(lines[-3:]) or code}")

    async def end(self) -> None:
        """End it now, if it runs."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - it was started with a pipe
        while data := await self._process.stderr.read(_SAID):
            self._said += data
            del self._said[:-_SAID]


@asynccontextmanager
async def running(
    program: Path, arguments: list[str], url: str, *, takes_input: bool
) -> AsyncGenerator[Running]:
    """Run a program of PostgreSQL on a database until the block ends; then it is gone.

    Raises:
        BackupFailedError: it cannot be started.
    """
    address, variables = without_password(url)
    try:
        process = await asyncio.create_subprocess_exec(
            str(program),
            f"--dbname={address}",
            *arguments,
            stdin=PIPE if takes_input else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if takes_input else PIPE,
            stderr=PIPE,
            env={**own_environment(), **variables, "PGAPPNAME": "central-config-backup"},
            cwd="/",
            start_new_session=True,  # no terminal: nothing may ask for a password
        )
    except OSError as problem:
        raise BackupFailedError(f"{program} cannot be run: {problem.strerror}") from problem
    found = Running(program.name, process)
    try:
        yield found
    finally:
        await found.end()
