"""The one-machine installation whose server is backed up physically."""

from pathlib import Path
from typing import NamedTuple

from central_config.backups.model.errors import BackupRefusedError, NotPossibleHereError
from central_config.core.settings import Settings
from central_config.supervisor.accounts import Account, database_account
from central_config.supervisor.binaries import find_postgres, readable_by
from central_config.supervisor.cluster import SUPERUSER, Ground
from central_config.supervisor.errors import StartRefusedError
from central_config.supervisor.paths import PRIVATE, Paths, default_data_dir, socket_directory
from central_config.supervisor.postgres import address

ELSEWHERE = (
    "DATABASE_URL leads to a server that `serve` does not run here: physical backups are made "
    "where that server runs, by its own pgBackRest; portable backups work from here"
)


class Installation(NamedTuple):
    """Where its things are, who runs its server, and with which programs."""

    paths: Paths
    account: Account | None
    bin_dir: Path
    sockets: Path

    @property
    def directory(self) -> Path:
        """What belongs to pgBackRest: its configuration and what it works with."""
        return self.paths.root / "pgbackrest"

    def admin_password(self) -> str:
        """Return the password of the server's superuser."""
        return self.paths.admin_password.read_text(encoding="utf-8").strip()

    def admin_url(self) -> str:
        """Return the address of the running server's maintenance database, for the superuser."""
        return address(self.sockets, self.paths.admin_password, user=SUPERUSER, database="postgres")


def make_private(directory: Path, account: Account | None) -> None:
    """Make a directory that is PostgreSQL's user's alone, or make an existing one so."""
    directory.mkdir(mode=PRIVATE, exist_ok=True)
    if account is not None and directory.stat().st_uid != account.uid:
        account.own(directory)


def of_ground(ground: Ground) -> Installation:
    """Return the installation a server that is about to start belongs to."""
    return Installation(ground.paths, ground.account, ground.bin_dir, ground.sockets)


def installation(settings: Settings) -> Installation:
    """Return this machine's installation, whether it runs, stands still or is yet to be recovered.

    Raises:
        BackupRefusedError: the database is not one that `serve` keeps on this machine.
    """
    paths = Paths((settings.data_dir or default_data_dir()).resolve())
    url = settings.database_url
    if url is not None and not paths.password.exists():
        raise NotPossibleHereError(ELSEWHERE)
    try:
        paths.prepare(database_account(paths.cluster))
        account = database_account(paths.cluster)
        sockets = socket_directory(paths.root, account) / "postgres"
        make_private(sockets, account)
        bin_dir = readable_by(account, find_postgres(settings.postgres_bin), paths.programs)
        if url is not None and url.get_secret_value() != address(sockets, paths.password):
            raise NotPossibleHereError(ELSEWHERE)
    except PermissionError as problem:
        raise BackupRefusedError(
            f"{problem.filename} is not to be read: run this as the user who runs `serve`"
        ) from problem
    except StartRefusedError as problem:
        raise BackupRefusedError(str(problem)) from problem
    return Installation(paths, account, bin_dir, sockets)
