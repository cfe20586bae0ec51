"""Export files on disk: written once, read back, never replaced."""

import hashlib
import os
import secrets
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager
from pathlib import Path

from central_config.audit.model import ChainReport, verify_export
from central_config.core.compression import zstd
from central_config.supervisor.paths import sync_directory

ENDING = ".jsonl.zst"

_MAGIC = b"\x28\xb5\x2f\xfd"
_PRIVATE = 0o600
# Digits of a file's SHA-256 in its name: two attempts with other content are two files.
_DIGITS = 16


class ArchiveFile:
    """An export under way, beside the place where it will stand; blocking.

    Args:
        directory: the archive; it must exist.
        stem: what the name begins with.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(self, directory: Path, stem: str) -> None:
        self._directory = directory
        self._stem = stem
        self._partial = directory / f".{stem}.{secrets.token_hex(4)}.partial"
        handle = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        self._file = os.fdopen(handle, "wb")
        self._packer = zstd.ZstdFile(self._file, mode="wb")

    def write(self, lines: bytes) -> None:
        """Append whole lines."""
        self._packer.write(lines)

    def finish(self) -> tuple[bytes, ChainReport]:
        """Bring all of it to the disk, read it back; return its SHA-256 and what it proves."""
        self._packer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        with self._partial.open("rb") as file:
            self._digest = hashlib.file_digest(file, "sha256").digest()
        with opened(self._partial) as lines:
            return self._digest, verify_export(lines)

    def keep(self) -> str:
        """Give it its name, which says what it holds; return that name.

        A file of that name has the same content: it is of an attempt that did not come to its end.
        """
        name = f"{self._stem}-{self._digest.hex()[:_DIGITS]}{ENDING}"
        self._partial.replace(self._directory / name)
        sync_directory(self._directory)
        return name

    def drop(self) -> None:
        """Delete what was written, unless it was kept; may be called whatever happened."""
        self._file.close()
        self._partial.unlink(missing_ok=True)


@contextmanager
def opened(file: Path) -> Generator[Iterable[bytes]]:
    """Open an export to read its lines, be it compressed or not.

    Raises:
        OSError: it cannot be read.
    """
    with ExitStack() as stack:
        raw = stack.enter_context(file.open("rb"))
        packed = raw.peek(len(_MAGIC))[: len(_MAGIC)] == _MAGIC
        lines = stack.enter_context(zstd.ZstdFile(raw)) if packed else raw
        yield _lines(lines, file)


def _lines(lines: Iterable[bytes], path: Path) -> Generator[bytes]:
    try:
        yield from lines
    except (EOFError, zstd.ZstdError) as error:
        raise OSError(0, f"it is damaged ({error})", str(path)) from None


def verify_files(files: Iterable[Path]) -> ChainReport:
    """Check export files, in the order given, as one log.

    Raises:
        OSError: one cannot be read.
    """
    with ExitStack() as stack:
        return verify_export(*[stack.enter_context(opened(file)) for file in files])
