"""The directory of portable backups: a file appears under its name when it is whole, or never."""

import os
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from central_config.backups.model.errors import BackupFailedError, BackupRefusedError
from central_config.backups.model.manifest import SUFFIX

DIRECTORY = "portable"
MANIFEST, DRILLED = ".json", ".drilled.json"
_DRAFT = ".draft"
_UNDER_WAY = 86_400  # seconds: no run takes so long
_PRIVATE_DIRECTORY, _PRIVATE_FILE = 0o700, 0o600


class BackupFiles:
    """The portable backups below a repository directory."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self._directory = repository / DIRECTORY

    def prepare(self) -> None:
        """Make the directory; its parent must be there, else a disk may not be mounted.

        Raises:
            BackupRefusedError: it cannot be made.
        """
        try:
            self._repository.mkdir(mode=_PRIVATE_DIRECTORY, exist_ok=True)
            self._directory.mkdir(mode=_PRIVATE_DIRECTORY, exist_ok=True)
        except OSError as problem:
            words = f"BACKUP_REPOSITORY={self._repository} cannot be used: {problem.strerror}"
            raise BackupRefusedError(words) from problem

    def path(self, label: str) -> Path:
        """Return where a backup is.

        Raises:
            BackupRefusedError: the label is no name of a file.
        """
        if not label or label != Path(label).name or label.startswith("."):
            raise BackupRefusedError(f"{label!r} is no label of a backup")
        return self._directory / f"{label}{SUFFIX}"

    def labels(self) -> list[str]:
        """Return the labels of the backups that are there, by name; they begin with their time.

        Raises:
            BackupRefusedError: the directory cannot be read.
        """
        try:
            names = [each.name for each in self._directory.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as problem:
            words = f"BACKUP_REPOSITORY={self._repository} cannot be read: {problem.strerror}"
            raise BackupRefusedError(words) from problem
        hidden = ".", _DRAFT
        found = [each for each in names if each.endswith(SUFFIX) and not each.startswith(hidden)]
        return sorted(each.removesuffix(SUFFIX) for each in found)

    def open(self, label: str) -> BinaryIO:
        """Open a backup for reading.

        Raises:
            BackupRefusedError: there is none of that label, or it cannot be read.
        """
        try:
            return self.path(label).open("rb")
        except FileNotFoundError:
            known = ", ".join(self.labels()[-3:]) or "none"
            words = f"there is no backup {label} in {self._directory}; the last: {known}"
            raise BackupRefusedError(words) from None
        except OSError as problem:
            raise BackupRefusedError(f"{label} cannot be read: {problem.strerror}") from problem

    def beside(self, label: str, suffix: str) -> bytes | None:
        """Return what stands beside a backup; None when nothing does."""
        try:
            return self._beside(label, suffix).read_bytes()
        except FileNotFoundError:
            return None

    def put_beside(self, label: str, suffix: str, content: bytes) -> None:
        """Put something beside a backup, in one step.

        Raises:
            BackupFailedError: it cannot be written.
        """
        with self._draft(self._beside(label, suffix)) as file:
            file.write(content)

    @contextmanager
    def new(self, label: str) -> Generator[BinaryIO]:
        """Open a new backup for writing; it gets its name when the block ends without an error.

        Raises:
            BackupRefusedError: there is one of that label.
            BackupFailedError: it cannot be written; nothing is left of it.
        """
        place = self.path(label)
        if place.exists():
            raise BackupRefusedError(f"there is a backup {label} already")
        with self._draft(place) as file:
            yield file

    def remove(self, label: str) -> None:
        """Delete a backup and what stands beside it; the backup first, so no half of it is left."""
        self.path(label).unlink(missing_ok=True)
        for suffix in (MANIFEST, DRILLED):
            self._beside(label, suffix).unlink(missing_ok=True)
        self._sync()

    def remove_left_over(self) -> None:
        """Delete what unfinished runs have left: drafts, and manifests without a backup.

        What is young may belong to a run that is under way.
        """
        known = set(self.labels())
        if not self._directory.exists():
            return
        for each in self._directory.iterdir():
            label = each.name.removesuffix(DRILLED).removesuffix(MANIFEST)
            lonely = each.name.endswith(MANIFEST) and label not in known
            if each.name.endswith(_DRAFT) or lonely:
                with suppress(FileNotFoundError):
                    if time.time() - each.stat().st_mtime > _UNDER_WAY:
                        each.unlink()

    def _beside(self, label: str, suffix: str) -> Path:
        return self.path(label).with_name(f"{label}{suffix}")

    @contextmanager
    def _draft(self, place: Path) -> Generator[BinaryIO]:
        draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}{_DRAFT}")
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
            try:
                with os.fdopen(handle, "wb") as file:
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                draft.rename(place)
                self._sync()
            finally:
                draft.unlink(missing_ok=True)
        except OSError as problem:
            words = f"{place} cannot be written: {problem.strerror or problem}"
            raise BackupFailedError(words) from problem

    def _sync(self) -> None:
        handle = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
