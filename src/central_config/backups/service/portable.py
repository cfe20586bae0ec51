"""Portable backups: all of a database in one encrypted file, whatever server it came from.

`pg_dump` writes, we encrypt: nothing in clear reaches a disk. The heads in the manifest and the
dump are of one moment. Written under another name and renamed when all of it is there: what has a
backup's name is whole.
"""

import asyncio
import builtins
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import datetime
from typing import BinaryIO

import msgspec

from central_config import __version__
from central_config.backups.model import Backup
from central_config.backups.model.container import (
    CHUNK,
    BackupBrokenError,
    Header,
    Sealer,
    Source,
    new_header,
    read_header,
    unsealed,
)
from central_config.backups.model.errors import BackupRefusedError
from central_config.backups.model.manifest import (
    Drilled,
    Facts,
    Manifest,
    PortableKind,
    as_backup,
    checked,
    read,
    sign,
)
from central_config.backups.model.repository import Directory, passphrase, repository
from central_config.backups.model.retention import Keep, superfluous
from central_config.backups.service.programs import programs_for, running, without_password
from central_config.backups.store.facts import moment_of
from central_config.backups.store.files import DRILLED, MANIFEST, BackupFiles
from central_config.core.clock import Clock
from central_config.core.settings import Settings

PREFIXES: dict[PortableKind, str] = {"export": "database", "configuration": "configuration"}


class Written:
    """A file that is being encrypted: what came in, and what went out."""

    def __init__(self, file: BinaryIO, header: Header) -> None:
        self._file = file
        self._sealer = Sealer(header)
        self._digest = hashlib.sha256()
        self.plain_bytes = 0
        self.size_bytes = 0
        self._write(header.raw)

    def add(self, plain: bytes, *, last: bool = False) -> None:
        """Encrypt and write a chunk; blocks for some milliseconds."""
        self.plain_bytes += len(plain)
        self._write(self._sealer.seal(plain, last=last))

    @property
    def sha256(self) -> str:
        """The checksum of all that was written."""
        return self._digest.hexdigest()

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)
        self.size_bytes += len(data)


class Portable:
    """The portable backups of BACKUP_REPOSITORY.

    Raises:
        BackupRefusedError: it is not set, or is no directory.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        place = repository(settings)
        if not isinstance(place, Directory):
            raise BackupRefusedError(
                f"portable backups need a directory, and BACKUP_REPOSITORY is {place}: "
                "physical backups go there; for portable ones mount a directory"
            )
        self.files = BackupFiles(place.path)
        self.settings = settings
        self.clock = clock
        self._known: dict[bytes, Header] = {}

    @property
    def _passphrase(self) -> str:
        # Asked for only where something is encrypted or decrypted: listing needs none.
        return passphrase(self.settings)

    async def create(self, progress: Callable[[int, str], None] | None = None) -> Backup:
        """Back up the service's database; `progress` is told bytes and words.

        Raises:
            BackupRefusedError: no fitting `pg_dump`, or no room for files at all.
            BackupFailedError: `pg_dump` or the disk failed; nothing is left of it.
        """
        url = direct_url(self.settings)
        passphrase(self.settings)  # before anything is begun
        self.files.prepare()
        async with moment_of(url) as moment:
            started_at = self.clock.now()
            facts = await moment.facts()
            programs = programs_for(self.settings, facts.server)
            # A migration or a maintenance holds its locks for seconds: rather fail than wait on.
            arguments = ["--format=custom", "--no-owner", "--lock-wait-timeout=60s"]
            arguments.append(f"--snapshot={moment.name}")
            dump = running(programs.directory / "pg_dump", arguments, url, takes_input=False)

            async def chunks() -> AsyncIterator[bytes]:
                async with dump as process:
                    total = 0
                    while chunk := await process.read(CHUNK):
                        total += len(chunk)
                        if progress is not None:
                            progress(total, "dumped")
                        yield chunk
                    await process.finish()

            versions = {"pg_dump": programs.version}
            return await self.write("export", started_at, chunks(), versions, facts)

    async def write(
        self,
        kind: PortableKind,
        started_at: datetime,
        chunks: AsyncIterator[bytes],
        programs: dict[str, str],
        facts: Facts | None = None,
    ) -> Backup:
        """Encrypt a stream into a new backup.

        Raises:
            BackupFailedError: as the stream, or the disk.
        """
        label = f"{PREFIXES[kind]}-{started_at:%Y%m%dT%H%M%SZ}"
        header = await asyncio.to_thread(new_header, self._passphrase)
        with self.files.new(label) as file:
            written = Written(file, header)
            async for chunk in chunks:
                await asyncio.to_thread(written.add, chunk)
            await asyncio.to_thread(written.add, b"", last=True)
            manifest = Manifest(
                label=label,
                kind=kind,
                started_at=started_at,
                finished_at=self.clock.now(),
                size_bytes=written.size_bytes,
                plain_bytes=written.plain_bytes,
                sha256=written.sha256,
                database=database_name(self.settings),
                programs={"central-config": __version__, **programs},
                facts=facts,
            )
            # First, so that no backup is ever without one.
            self.files.put_beside(label, MANIFEST, sign(manifest, header))
        return as_backup(manifest, str(self.files.path(label)), None)

    def list(self) -> builtins.list[Backup]:
        """Return the backups in the repository, oldest first; needs neither database nor key.

        One whose manifest is gone or cannot be read is left out; `strays` tells of it.
        """
        found = [self._listed(label) for label in self.files.labels()]
        return sorted((each for each in found if each), key=lambda each: each.started_at)

    def strays(self) -> builtins.list[str]:
        """Return the labels of files that have no readable manifest."""
        return [label for label in self.files.labels() if self._listed(label) is None]

    def newest(self, kind: PortableKind = "export") -> str:
        """Return the label of the newest backup.

        Raises:
            BackupRefusedError: there is none.
        """
        found = [each.label for each in self.list() if each.kind == kind]
        if not found:
            raise BackupRefusedError(
                f"there is no {kind} backup in {self.settings.backup_repository}"
            )
        return found[-1]

    def verify(self, label: str) -> Manifest:
        """Read a backup from end to end and authenticate every chunk; return its manifest.

        It says that the backup is what was written, not that it can be restored. Takes long.

        Raises:
            BackupBrokenError: it is not what was written; `fault` says how.
            BackupRefusedError: there is none of that label.
        """
        with closing(self.files.open(label)) as file:
            digest = _Digest(file)
            header = self._header(digest)
            plain = sum(len(chunk) for chunk in unsealed(digest, header))
        manifest = self._checked(label, header)
        if (digest.sha256, plain) != (manifest.sha256, manifest.plain_bytes):
            raise BackupBrokenError("manifest", "its manifest is of another file")
        return manifest

    def plain(self, label: str) -> Iterator[bytes]:
        """Yield what was encrypted, each chunk authenticated.

        Raises:
            BackupBrokenError: as `verify`; what came before it is not to be used.
        """
        with closing(self.files.open(label)) as file:
            yield from unsealed(file, self._header(file))

    def note_drill(self, manifest: Manifest, *, passed: bool, words: str) -> None:
        """Write beside a backup what restoring it showed."""
        found = Drilled(at=self.clock.now(), passed=passed, sha256=manifest.sha256, words=words)
        self.files.put_beside(manifest.label, DRILLED, msgspec.json.encode(found))

    def superfluous(self, keep: Keep) -> Sequence[Backup]:
        """Return the backups that `keep` does not ask for, oldest first."""
        return superfluous(self.list(), keep)

    def prune(self, keep: Keep) -> Sequence[Backup]:
        """Delete the backups that `keep` does not ask for and what unfinished runs left."""
        gone = self.superfluous(keep)
        for each in gone:
            self.files.remove(each.label)
        self.files.remove_left_over()
        return gone

    def _listed(self, label: str) -> Backup | None:
        with suppress(BackupBrokenError):
            data = self.files.beside(label, MANIFEST)
            if data is not None:
                manifest = read(data)
                if manifest.label == label:
                    return as_backup(manifest, str(self.files.path(label)), self._drilled(label))
        return None

    def _drilled(self, label: str) -> Drilled | None:
        data = self.files.beside(label, DRILLED)
        try:
            return None if data is None else msgspec.json.decode(data, type=Drilled)
        except msgspec.DecodeError:
            return None

    def _header(self, source: Source) -> Header:
        """Read a header; the same one costs its key only once."""
        header = read_header(source, self._passphrase, self._known)
        self._known[header.raw] = header
        return header

    def _checked(self, label: str, header: Header) -> Manifest:
        data = self.files.beside(label, MANIFEST)
        if data is None:
            raise BackupBrokenError("manifest", "its manifest is gone")
        manifest = checked(data, header)
        if manifest.label != label:
            words = f"it was renamed: it was made as {manifest.label}"
            raise BackupBrokenError("manifest", words)
        return manifest


class _Digest:
    """Reads a file and computes its checksum on the way."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        return data

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def direct_url(settings: Settings) -> str:
    """Return the address at which sessions last: a transaction pooler's would not do."""
    if settings.database_listen_url is not None:
        return settings.database_listen_url.get_secret_value()
    return settings.require_database_url()


def database_name(settings: Settings) -> str:
    """Return the name of the service's database."""
    address, _ = without_password(settings.require_database_url())
    return address.partition("://")[2].partition("/")[2].partition("?")[0]
