"""Which operating-system user runs PostgreSQL, and what that user can reach.

PostgreSQL refuses to run as root, so root's supervisor runs it as somebody else.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from central_config.supervisor.errors import StartRefusedError

CANDIDATES = ("postgres", "nobody")
ROOT = 0
READ, ENTER = 0o4, 0o1


@dataclass(frozen=True)
class Account:
    """A user of the operating system."""

    name: str
    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Make `path` this user's; of a link only the link.

        What is in a directory of this user's may have become a link to something of root's.
        """
        os.chown(path, self.uid, self.gid, follow_symlinks=False)


def database_account(cluster: Path) -> Account | None:
    """Return the user PostgreSQL runs as, None for the user we are.

    An existing cluster stays with its owner: PostgreSQL refuses files of anybody else.

    Raises:
        StartRefusedError: we are root and the system knows no other user.
    """
    if os.geteuid() != ROOT:
        return None
    if cluster.exists() and cluster.stat().st_uid != ROOT:
        owner = cluster.stat()
        return Account(cluster.owner(), owner.st_uid, owner.st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StartRefusedError(
        "PostgreSQL does not run as root and there is no user `postgres` or `nobody`; "
        "create one, start as a normal user, or set DATABASE_URL"
    )


def first_closed_directory(path: Path, account: Account | None) -> Path | None:
    """Return the topmost directory on the way into `path` that `account` may not enter."""
    if account is None:
        return None
    for directory in (*reversed(path.parents), path):
        if not _may(account, directory, ENTER):
            return directory
    return None


def can_read(path: Path, account: Account | None) -> bool:
    """Tell whether `account` can read the file or list the directory `path`."""
    if account is None:
        return os.access(path, os.R_OK)
    return first_closed_directory(path.parent, account) is None and _may(account, path, READ)


def _may(account: Account, path: Path, bit: int) -> bool:
    # Access lists and supplementary groups are left out: the child gives up its groups.
    found = path.stat()
    if found.st_uid == account.uid:
        bit <<= 6
    elif found.st_gid == account.gid:
        bit <<= 3
    return bool(stat.S_IMODE(found.st_mode) & bit)
