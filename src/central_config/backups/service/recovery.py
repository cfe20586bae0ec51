"""Back to a moment: into a new directory, looked at, and only then put in the old one's place.

The old data is never touched: it is kept beside under a name that tells when it was replaced.
"""

import asyncio
import os
import secrets
import shutil
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import structlog
from msgspec import Struct

from central_config.backups.model import Backup
from central_config.backups.model.drills import Check
from central_config.backups.model.errors import BackupFailedError, BackupRefusedError
from central_config.backups.model.moments import base_for, spelled
from central_config.backups.service.drilling import need_room, restore
from central_config.backups.service.examining import examine, heads_at, known_later
from central_config.backups.service.exchange import put_in_place
from central_config.backups.service.installation import Installation, make_private
from central_config.backups.service.opening import SECRETS
from central_config.backups.service.pgbackrest import PgBackRest
from central_config.backups.service.resync import bump_after_restore
from central_config.backups.service.throwaway import Throwaway, running_on
from central_config.backups.store.afterwards import Later
from central_config.backups.store.server import replayed_until, set_password
from central_config.core.clock import Clock
from central_config.core.settings import Settings
from central_config.supervisor.cluster import ROLE, SUPERUSER
from central_config.supervisor.errors import StartRefusedError
from central_config.supervisor.lock import exclusive
from central_config.supervisor.paths import write_once

RECOVERED, BEFORE = "postgres.recovered-", "postgres.before-"
PATIENCE = 6 * 3600.0  # seconds the log is replayed
OLD_PATIENCE = 120.0  # seconds the old server may take to start, to be asked what it knows
PASSWORD_BYTES = 24

_log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class Recovered(Struct, frozen=True, kw_only=True):
    """What a recovery did.

    Attributes:
        backup: label of the backup it began with.
        to: the moment asked for, None for the latest there is.
        reached: when the last transaction in the recovered data was committed; None when the
            backup holds it all.
        checks: what was looked at before anything was replaced.
        seconds: how long it all took.
        data: where the recovered data is: in its place, or beside the old data.
        kept: where the old data is kept; None where there was none or nothing was replaced.
        switched: whether the recovered data is in its place.
    """

    backup: str
    to: datetime | None
    reached: datetime | None
    checks: tuple[Check, ...]
    seconds: float
    data: str
    kept: str | None
    switched: bool


class Recovery:
    """Brings one installation back to a moment."""

    def __init__(
        self, tool: PgBackRest, installation: Installation, settings: Settings, clock: Clock
    ) -> None:
        self._tool = tool
        self._installation = installation
        self._settings = settings
        self._clock = clock

    async def run(
        self, backups: Sequence[Backup], to: datetime | None, *, switch: bool
    ) -> Recovered:
        """Recover to `to` (None: as far as the archive goes); `switch` replaces the live data.

        Without `switch` the recovered data stays beside the live one, for a look.

        Raises:
            BackupRefusedError: the moment cannot be reached, or `serve` runs and `switch` is asked.
            BackupFailedError: it went wrong. The live data is as it was.
        """
        base = base_for(backups, to, self._clock.now())
        need_room(self._installation, base)
        with ExitStack() as stack:
            if switch:
                stack.enter_context(_standing_still(self._installation))
            return await self._recover(base, to, switch=switch)

    async def _recover(self, base: Backup, to: datetime | None, *, switch: bool) -> Recovered:
        begin = time.monotonic()
        paths = self._installation.paths
        stamp = self._clock.now().strftime("%Y%m%dT%H%M%SZ")
        data = paths.root / f"{RECOVERED}{stamp}"
        later = await self._known_before() if switch else None
        make_private(data, self._installation.account)
        try:
            await restore(self._tool, data, f"--set={base.label}", *_target(to))
            reached, checks = await self._try(data, later, switch=switch)
        except BaseException:
            await asyncio.to_thread(shutil.rmtree, data, ignore_errors=True)
            raise
        kept = put_in_place(paths, data, paths.root / f"{BEFORE}{stamp}") if switch else None
        return Recovered(
            backup=base.label,
            to=to,
            reached=reached,
            checks=checks,
            seconds=time.monotonic() - begin,
            data=str(paths.cluster if switch else data),
            kept=None if kept is None else str(kept),
            switched=switch,
        )

    async def _known_before(self) -> Later | None:
        """Return what the data that will be replaced knows, if it still tells."""
        cluster = self._installation.paths.cluster
        if not cluster.exists():
            return None
        try:
            async with running_on(
                cluster, self._installation, keep=True, patience=OLD_PATIENCE
            ) as server:
                return await known_later(server.url, self._settings)
        except (BackupFailedError, OSError) as problem:
            _log.warning("the old data does not tell what it knew", reason=str(problem))
            return None

    async def _try(
        self, data: Path, later: Later | None, *, switch: bool
    ) -> tuple[datetime | None, tuple[Check, ...]]:
        """Run a server on the recovered data, look at it and make it fit to be lived on."""
        async with running_on(data, self._installation, keep=True, patience=PATIENCE) as server:
            reached = await replayed_until(server.admin_url)
            looks = examine(server, self._installation, self._settings, self._clock)
            checks = [each async for each in looks]
            wrong = [f"{each.name}: {each.words}" for each in checks if _forbids(each)]
            if wrong:
                raise BackupFailedError(f"what was recovered is not sound: {'; '.join(wrong)}")
            if switch:
                await self._own(server)
                await self._advance(server, reached, later)
        return reached, tuple(checks)

    async def _advance(
        self, server: Throwaway, reached: datetime | None, later: Later | None
    ) -> None:
        """Move every workspace past what anybody has seen, so that nobody keeps what is undone."""
        known = await heads_at(server.url, self._settings)
        if later is not None and not {str(each) for each in later.revisions} & known.keys():
            later = None  # data of another installation, such as one made for this recovery
        moment = "its last transaction" if reached is None else spelled(reached)
        await bump_after_restore(
            server.url,
            self._settings,
            {},
            reason=f"point-in-time recovery to {moment}",
            later=later,
            clock=self._clock,
        )

    async def _own(self, server: Throwaway) -> None:
        """Let this installation sign in: on another machine its passwords are others."""
        paths = self._installation.paths
        for role, file in ((SUPERUSER, paths.admin_password), (ROLE, paths.password)):
            if not file.exists():
                write_once(file, secrets.token_hex(PASSWORD_BYTES))
            await set_password(server.admin_url, role, file.read_text(encoding="utf-8").strip())


def _forbids(check: Check) -> bool:
    """Tell whether data may not be lived on; without its secrets the rest is still worth much."""
    return not check.ok and check.name != SECRETS


def _target(to: datetime | None) -> tuple[str, ...]:
    if to is None:
        return ()
    return ("--type=time", f"--target={spelled(to)}", "--target-action=promote")


@contextmanager
def _standing_still(installation: Installation) -> Generator[None]:
    """Keep `serve` from running on this machine until the block ends.

    Raises:
        BackupRefusedError: it runs, or a PostgreSQL that outlived it.
    """
    try:
        with exclusive(installation.paths):
            _no_server(installation.paths.cluster)
            yield
    except StartRefusedError as problem:
        raise BackupRefusedError(
            f"the data cannot be replaced while it is used: {problem}"
        ) from problem


def _no_server(cluster: Path) -> None:
    """Refuse where a server runs on the data, whoever started it.

    Raises:
        BackupRefusedError: it does.
    """
    try:
        first, *_ = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        os.kill(int(first), 0)
    except (OSError, ValueError):
        return
    raise BackupRefusedError(f"PostgreSQL (process {first}) runs on {cluster}: stop it first")
