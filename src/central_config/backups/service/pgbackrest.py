"""Runs pgBackRest: with its configuration, as the user PostgreSQL runs as, in bounded time."""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import time
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from central_config.backups.model.errors import (
    BackupFailedError,
    BackupRefusedError,
    NotPossibleHereError,
)
from central_config.backups.model.pgbackrest import (
    LOCKED,
    MISSING,
    STANZA,
    SUBPLACE,
    VERSION_NOT_SUPPORTED,
    Work,
    authorities,
    complaint,
    configuration,
    read_info,
)
from central_config.backups.model.repository import Bucket, Directory, passphrase, repository
from central_config.backups.service.installation import Installation, make_private
from central_config.core.settings import Settings
from central_config.supervisor.accounts import Account, first_closed_directory
from central_config.supervisor.binaries import postgres_version
from central_config.supervisor.cluster import SUPERUSER
from central_config.supervisor.environment import own_environment
from central_config.supervisor.paths import PRIVATE, PRIVATE_FILE, make_passable
from central_config.supervisor.process import CHILD_SHIM

NAME = "pgbackrest"
ASKED = 10.0  # seconds for an answer that needs no repository
SHORT = 60.0  # seconds for one that needs little of it
LONG = 6 * 3600.0  # seconds for one that reads or writes all of it
OTHERS, LOOK = 120.0, 1.0  # seconds another backup is waited for, and between two looks
GRACE = 5.0  # seconds between the polite and the other signal


class Answer(NamedTuple):
    """How a run ended and what it wrote."""

    code: int
    output: str
    errors: str

    @property
    def words(self) -> str:
        """What went wrong, in one line."""
        return complaint(f"{self.output}\n{self.errors}")


class PgBackRest:
    """pgBackRest for one installation; `archiving` is the use the running server makes of it.

    Raises:
        BackupRefusedError: it is not installed, or the settings do not say where and how to back
            up.
    """

    def __init__(
        self, settings: Settings, installation: Installation, *, archiving: bool = False
    ) -> None:
        # The running server's own file is not touched by a command whose settings may be others.
        self._name = "archiving.conf" if archiving else "pgbackrest.conf"
        self.place = repository(settings)
        self._passphrase = passphrase(settings)
        self._retention = settings.backup_retention_full
        self._installation = installation
        found = shutil.which(NAME)
        if found is None:
            raise NotPossibleHereError(
                "pgBackRest is not installed, so there are no physical backups and no recovery to "
                "a point in time: install the package `pgbackrest`, or use portable backups"
            )
        self._program = found

    @property
    def config(self) -> Path:
        """Its configuration file; it holds secrets and belongs to PostgreSQL's user."""
        return self._installation.directory / self._name

    @property
    def failed(self) -> Path:
        """A file that is there while the latest attempt to archive a segment failed."""
        return self._installation.directory / "push-failed"

    @cached_property
    def version(self) -> str:
        """Which pgBackRest this is, as it says itself: `pgBackRest 2.56`."""
        try:
            answer = subprocess.run(  # noqa: S603 - found in PATH, no shell
                [self._program, "version"],
                capture_output=True,
                text=True,
                timeout=ASKED,
                check=True,
                env=own_environment(),
            )
        except (OSError, subprocess.SubprocessError) as problem:
            raise BackupRefusedError(f"{self._program} does not run: {problem}") from problem
        return answer.stdout.strip()

    def command(self, *arguments: str) -> tuple[str, ...]:
        """Return the command line of a run."""
        return (self._program, f"--config={self.config}", f"--stanza={STANZA}", *arguments)

    def prepare(self) -> None:
        """Write the configuration and make the directories; cheap when all is there.

        Raises:
            BackupRefusedError: the repository cannot be written by PostgreSQL's user.
        """
        own, account = self._installation.directory, self._installation.account
        make_private(own, account)
        for name in ("lock", "spool", "log"):
            make_private(own / name, account)
        if isinstance(self.place, Bucket) and self.place.ca_file is not None:
            _write(authorities(own), _read(self.place.ca_file), account)
        work = Work(own, self._installation.paths.cluster, self._installation.sockets, SUPERUSER)
        _write(
            self.config, configuration(self.place, self._passphrase, self._retention, work), account
        )
        if isinstance(self.place, Directory):
            _make_repository(self.place, account)

    def unsupported(self, answer: Answer) -> str | None:
        """Return why this server cannot be backed up, when that is what pgBackRest answered."""
        if answer.code != VERSION_NOT_SUPPORTED:
            return None
        server = postgres_version(self._installation.bin_dir)
        return (
            f"{self.version} cannot back up PostgreSQL {server} (it says: {answer.words}); "
            f"install a pgBackRest that knows it, set POSTGRES_BIN to an earlier PostgreSQL "
            f"before the first start, or use portable backups"
        )

    def lost(self, info: Answer) -> str | None:
        """Return what is wrong when nothing is left where backups were made; None when all is well.

        A disk that is not mounted looks like this, and would be written beside.
        """
        if info.code != 0 or not self.is_begun():
            return None
        if read_info(info.output, self.place).status != MISSING:
            return None
        return (
            f"there are no backups in {self.place}, though some were made: is the disk mounted, "
            f"the bucket the right one? To begin anew, remove {self._begun}"
        )

    def note_begun(self) -> None:
        """Remember that backups are made in this repository."""
        if not self.is_begun():
            _write(self._begun, str(self.place), self._installation.account)

    def is_begun(self) -> bool:
        """Tell whether backups were made in this repository before."""
        begun = self._begun
        return begun.exists() and begun.read_text(encoding="utf-8") == str(self.place)

    @property
    def _begun(self) -> Path:
        return self._installation.directory / "begun"

    async def run(self, *arguments: str, limit: float) -> Answer:
        """Run a command to its end, or for `limit` seconds; it ends with us in any case.

        Raises:
            BackupFailedError: it did not end in time.
        """
        process = await asyncio.create_subprocess_exec(
            *self._shim(),
            *self.command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=self._environment(),
            cwd="/",
        )
        try:
            async with asyncio.timeout(limit):
                output, errors = await process.communicate()
        except TimeoutError:
            raise BackupFailedError(f"pgBackRest did not end within {limit:g} s") from None
        finally:
            await _end(process)
        return Answer(process.returncode or 0, _text(output), _text(errors))

    async def run_alone(self, *arguments: str, limit: float) -> Answer:
        """Run a command that changes the repository; wait a while for another one to be done."""
        deadline = time.monotonic() + OTHERS
        answer = await self.run(*arguments, limit=limit)
        while answer.code == LOCKED and time.monotonic() < deadline:
            await asyncio.sleep(LOOK)
            answer = await self.run(*arguments, limit=limit)
        return answer

    def run_at_start(self, *arguments: str, limit: float) -> Answer:
        """Run a command from outside an event loop; an end out of time is an answer, too."""
        try:
            done = subprocess.run(  # noqa: S603 - our own command, no shell
                [*self._shim(), *self.command(*arguments)],
                capture_output=True,
                timeout=limit,
                check=False,
                env=self._environment(),
                cwd="/",
            )
        except subprocess.TimeoutExpired:
            return Answer(1, "", f"ERROR: [000]: no answer within {limit:g} s")
        return Answer(done.returncode, _text(done.stdout), _text(done.stderr))

    def _shim(self) -> tuple[str, ...]:
        account = self._installation.account
        identity = (-1, -1) if account is None else (account.uid, account.gid)
        settled = (os.getpid(), int(signal.SIGTERM), *identity, 0)
        return (*CHILD_SHIM, *map(str, settled))

    def _environment(self) -> Mapping[str, str]:
        # libpq reads the password from here; nobody but this user and root sees it.
        password = self._installation.paths.admin_password
        secret = self._installation.admin_password() if password.exists() else ""
        return {**own_environment(), "PGPASSWORD": secret}


def good(answer: Answer, failure: str) -> str:
    """Return what a run that went well wrote.

    Raises:
        BackupFailedError: it did not; `failure` says what that means.
    """
    if answer.code != 0:
        raise BackupFailedError(f"{failure}: {answer.words}")
    return answer.output


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(GRACE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _text(output: bytes) -> str:
    return output.decode(errors="replace")


def _make_repository(place: Directory, account: Account | None) -> None:
    """Make the directory of physical backups; beside it others may keep theirs.

    The place above must be there, else the disk that is meant may not be mounted.
    """
    target = place.path / SUBPLACE
    try:
        place.path.mkdir(mode=PRIVATE, exist_ok=True)
        if account is not None and place.path.stat().st_uid == os.geteuid():
            make_passable(place.path)
        closed = first_closed_directory(place.path, account)
        if closed is None:
            make_private(target, account)
    except OSError as problem:
        raise BackupRefusedError(f"BACKUP_REPOSITORY: {target}: {problem.strerror}") from problem
    if account is not None and closed is not None:
        raise BackupRefusedError(
            f"pgBackRest runs as user {account.name}, who may not enter {closed} on the way to "
            "BACKUP_REPOSITORY"
        )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as problem:
        raise BackupRefusedError(f"BACKUP_S3_CA_FILE: {path}: {problem.strerror}") from problem


def _write(path: Path, content: str, account: Account | None) -> None:
    """Replace a private file of PostgreSQL's user, unless it says the same already."""
    if path.exists() and path.read_text(encoding="utf-8") == content:
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
        if account is not None:
            account.own(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
