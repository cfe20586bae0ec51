"""The backup of what stands beside the database: settings, the master key, and readable values.

One encrypted archive (tar). Values of settings that are secrets are masked; the master key is
sealed once more with the passphrase, so that unpacking the archive does not lay it open. Values
of the workspaces are what environments hold themselves, as JSON lines, secrets masked: not to be
restored from, but to be read when nothing else can be.
"""

import io
import tarfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from msgspec import Raw

from central_config import __version__
from central_config.backups.model import Backup
from central_config.backups.model.container import CHUNK, Sealer, new_header, read_header, unsealed
from central_config.backups.model.errors import BackupFailedError, BackupRefusedError
from central_config.backups.model.repository import passphrase
from central_config.backups.service.portable import Portable
from central_config.configurations.model.cells import Cell
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service import Snapshots
from central_config.core.clock import Clock
from central_config.core.db import Database, open_database
from central_config.core.json import encode, encode_sorted
from central_config.core.settings import Settings
from central_config.secrets.model import MASK
from central_config.secrets.service import Vault, master_key
from central_config.workspaces.model import Workspace
from central_config.workspaces.service import WorkspaceService

KEY, SEALED_KEY = "master.key", "master.key.sealed"
_PRIVATE_FILE = 0o600
_AT_ONCE = 100  # workspaces asked for


class ConfigurationBackups:
    """Makes and opens them."""

    def __init__(self, portable: Portable) -> None:
        self._portable = portable
        self._settings = portable.settings

    async def create(self) -> Backup:
        """Make one.

        Raises:
            BackupRefusedError: the master key is not known here.
            BackupFailedError: the disk failed; nothing is left of it.
        """
        if self._settings.master_key is None:
            raise BackupRefusedError("MASTER_KEY is not set here: nothing to keep it from")
        master_key(self._settings)
        self._portable.files.prepare()
        began = self._portable.clock.now()
        async with _reading(self._settings, self._portable.clock) as (workspaces, snapshots):
            parts = _blocks(self._members(workspaces, snapshots))
            return await self._portable.write("configuration", began, parts, {})

    def open(self, label: str, target: Path, *, with_key: bool) -> list[str]:
        """Unpack one into a new directory; return the names of its files.

        Args:
            label: the backup.
            target: a directory that is not there yet.
            with_key: unseal the master key too.

        Raises:
            BackupBrokenError: it is not what was written.
            BackupRefusedError: it is of another kind, or the directory is there already.
        """
        manifest = self._portable.verify(label)
        if manifest.kind != "configuration":
            raise BackupRefusedError(f"{label} is a backup of the database: restore it")
        whole = b"".join(self._portable.plain(label))
        try:
            target.mkdir(mode=0o700)
            with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
                archive.extractall(target, filter="data")
            if with_key:
                place = target / KEY
                place.touch(mode=_PRIVATE_FILE)
                place.write_bytes(self._unsealed((target / SEALED_KEY).read_bytes()))
        except FileExistsError as problem:
            raise BackupRefusedError(f"{problem.filename} is there already") from None
        except OSError as problem:
            raise BackupFailedError(f"{target}: {problem.strerror or problem}") from problem
        return sorted(str(each.relative_to(target)) for each in target.rglob("*") if each.is_file())

    async def _members(
        self, workspaces: WorkspaceService, snapshots: Snapshots
    ) -> AsyncIterator[tuple[str, bytes]]:
        yield "README.txt", _README
        yield "settings.json", encode_sorted(masked(self._settings)) + b"\n"
        yield SEALED_KEY, self._sealed_key()
        async for workspace in _all(workspaces):
            state = await snapshots.get(workspace.id)
            yield f"workspaces/{workspace.slug}/environments.json", _environments(state)
            for environment in state.topology.by_id.values():
                lines = b"".join(_lines(state.layer(environment.id).items()))
                yield f"workspaces/{workspace.slug}/{environment.slug}.jsonl", lines
            snapshots.drop(workspace.id)  # another may need the room

    def _sealed_key(self) -> bytes:
        assert self._settings.master_key is not None  # noqa: S101 - `create` has looked
        header = new_header(passphrase(self._settings))
        plain = self._settings.master_key.get_secret_value().encode() + b"\n"
        return header.raw + Sealer(header).seal(plain, last=True)

    def _unsealed(self, sealed: bytes) -> bytes:
        source = io.BytesIO(sealed)
        header = read_header(source, passphrase(self._settings))
        return b"".join(unsealed(source, header))


def masked(settings: Settings) -> dict[str, str]:
    """Return the settings that were given, by variable, without any secret."""
    found: dict[str, str] = {"VERSION": __version__}
    for name in sorted(settings.model_fields_set):
        value = getattr(settings, name)
        if value is not None:
            secret = hasattr(value, "get_secret_value")
            found[name.upper()] = MASK if secret else str(value)
    return found


@asynccontextmanager
async def _reading(
    settings: Settings, clock: Clock
) -> AsyncGenerator[tuple[WorkspaceService, Snapshots]]:
    database: Database = open_database(
        settings.require_database_url(), settings, application="central-config-backup"
    )
    try:
        vault = Vault(database, master_key(settings), clock)
        yield WorkspaceService(database, clock), Snapshots(database, vault)
    finally:
        await database.dispose()


async def _all(workspaces: WorkspaceService) -> AsyncIterator[Workspace]:
    after: str | None = None
    while found := await workspaces.page(None, after, _AT_ONCE):
        for each in found:
            yield each
        after = found[-1].slug


def _environments(state: WorkspaceState) -> bytes:
    known = state.topology
    listed = [
        {
            "slug": each.slug,
            "parent": None if each.parent_id is None else known.slug(each.parent_id),
            "requires_approval": each.requires_approval,
            "description": each.description,
        }
        for each in known.by_id.values()
    ]
    return encode({"revision": state.revision, "environments": listed}) + b"\n"


def _lines(cells: Iterable[tuple[str, Cell]]) -> Iterator[bytes]:
    for key, cell in sorted(cells):
        value = MASK if cell.secret else Raw(cell.body) if cell.body else None
        line = {
            "key": key,
            "value": value,
            "status": cell.status,
            "secret": cell.secret,
            "revision": cell.revision,
        }
        yield msgspec.json.encode(line) + b"\n"


async def _blocks(members: AsyncIterator[tuple[str, bytes]]) -> AsyncIterator[bytes]:
    """Yield a tar archive in pieces that fit into a chunk."""
    waiting = bytearray()
    async for name, content in members:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(content), _PRIVATE_FILE
        waiting += info.tobuf() + content + bytes(-len(content) % tarfile.BLOCKSIZE)
        while len(waiting) >= CHUNK:
            yield bytes(waiting[:CHUNK])
            del waiting[:CHUNK]
    waiting += bytes(2 * tarfile.BLOCKSIZE)
    for at in range(0, len(waiting), CHUNK):
        yield bytes(waiting[at : at + CHUNK])


_README = b"""\
settings.json         what was set, secrets masked: set them anew from where you keep them
master.key.sealed     the master key: central-config backup open LABEL DIRECTORY --master-key
workspaces/           what each environment holds itself, one key a line, secrets masked; for
                      reading. The backup of the database is what is restored.
"""
