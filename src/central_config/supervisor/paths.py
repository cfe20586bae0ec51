"""Where the one-machine default keeps its things."""

import hashlib
import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from central_config.supervisor.accounts import Account, first_closed_directory
from central_config.supervisor.environment import runtime_directory
from central_config.supervisor.errors import StartRefusedError

Pause = Callable[[float], None]

ROOT_DATA_DIR = Path("/var/lib/central-config")
LONGEST_SOCKET_PATH = 107  # bytes: sockaddr_un holds 108 with the closing zero
LONGEST_SOCKET_NAME = "postgres/.s.PGSQL.5432"
PRIVATE, PRIVATE_FILE = 0o700, 0o600
PASSABLE = 0o011  # for others: enter, but see nothing


def default_data_dir() -> Path:
    """Return the data directory of a start that names none."""
    if os.geteuid() == 0:
        return ROOT_DATA_DIR
    return platformdirs.user_state_path("central-config")


@dataclass(frozen=True)
class Paths:
    """The places under one data directory."""

    root: Path

    @property
    def lock(self) -> Path:
        """Held by the running supervisor; contains its process id."""
        return self.root / "supervisor.lock"

    @property
    def master_key(self) -> Path:
        """The generated master key."""
        return self.root / "master.key"

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.root / "postgres"

    @property
    def admin_password(self) -> Path:
        """Password of PostgreSQL's superuser."""
        return self.root / "postgres-admin.password"

    @property
    def password(self) -> Path:
        """Password of the role the service signs in with."""
        return self.root / "postgres.password"

    @property
    def programs(self) -> Path:
        """Copies of PostgreSQL's programs, where its user cannot read the originals."""
        return self.root / "programs"

    @property
    def valkey(self) -> Path:
        """Valkey's append-only file."""
        return self.root / "valkey"

    @property
    def logs(self) -> Path:
        """Log files of PostgreSQL and Valkey."""
        return self.root / "log"

    @property
    def ballast(self) -> Path:
        """Takes room until the disk is full and somebody needs it."""
        return self.root / "ballast"

    def prepare(self, account: Account | None = None) -> None:
        """Create the data directory and what is common to its parts.

        Raises:
            StartRefusedError: it cannot be written, or `account` cannot reach it.
        """
        try:
            self.root.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            if account is not None:
                make_passable(self.root)
            self.logs.mkdir(mode=PRIVATE, exist_ok=True)
        except OSError as problem:
            raise self._not_writable() from problem
        if not os.access(self.root, os.W_OK):
            raise self._not_writable()
        closed = first_closed_directory(self.root, account)
        if account is not None and closed is not None:
            raise StartRefusedError(
                f"PostgreSQL runs as user {account.name}, who may not enter {closed}; "
                "choose a data directory elsewhere with DATA_DIR"
            )

    def _not_writable(self) -> StartRefusedError:
        return StartRefusedError(
            f"cannot write to the data directory {self.root}; "
            "choose another with DATA_DIR or give it to this user"
        )


def socket_directory(root: Path, account: Account | None = None) -> Path:
    """Create and return the directory of the unix sockets that belong to data directory `root`.

    It is `run` inside the data directory, or a short directory elsewhere when the sockets' paths
    would be longer than the operating system takes.

    Raises:
        StartRefusedError: somebody else owns the directory.
    """
    directory = next(place for place in _socket_places(root, account) if _short_enough(place))
    directory.mkdir(mode=PRIVATE, exist_ok=True)
    found = directory.lstat()
    # Anybody can create names in /tmp: take the directory only when it is ours and no link.
    if found.st_uid != os.geteuid() or directory.is_symlink():
        raise StartRefusedError(f"{directory} belongs to somebody else; remove it")
    if account is not None:
        make_passable(directory)
    return directory


def _socket_places(root: Path, account: Account | None) -> list[Path]:
    name = f"central-config-{hashlib.sha256(os.fsencode(root)).hexdigest()[:12]}"
    # Only its user may enter $XDG_RUNTIME_DIR: useless where PostgreSQL runs as somebody else.
    runtime = None if account is not None else runtime_directory()
    personal = [] if runtime is None else [runtime / name]
    return [root / "run", *personal, Path("/tmp") / name]  # noqa: S108 - ownership is checked


def _short_enough(directory: Path) -> bool:
    return len(os.fsencode(directory / LONGEST_SOCKET_NAME)) <= LONGEST_SOCKET_PATH


def make_passable(directory: Path) -> None:
    """Let other users through a directory of ours to the part that is theirs."""
    directory.chmod(stat.S_IMODE(directory.stat().st_mode) | PASSABLE)


def write_once(path: Path, content: str) -> None:
    """Write a new private file; all of it is there or none, and nothing is ever replaced.

    Raises:
        FileExistsError: `path` exists.
    """
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)  # unlike a rename, a link never replaces
    finally:
        draft.unlink()
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make names just created in `directory` survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
