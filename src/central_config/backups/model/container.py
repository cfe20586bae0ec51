"""The form of an encrypted backup: chunks sealed with AES-256-GCM under a key of a passphrase.

    MAGIC | fields | check of the passphrase (32) | CRC-32 of all before (4) | frames

    frame: number (4) | last (1) | length (4) | ciphertext and tag

Every frame is bound to the header, to its number and to whether it is the last, so what was cut
off, moved or changed does not open. The key belongs to one file: the salt is drawn for it.
"""

import hashlib
import hmac
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from msgspec import Struct

from central_config.backups.model.errors import BackupFailedError

MAGIC = b"central-config backup\n"
VERSION = 1
CHUNK = 1024 * 1024
_FIELDS = struct.Struct(">BBHHI16s7s")  # version, log2 n, r, p, chunk, salt, beginning of nonces
_FRAME = struct.Struct(">IBI")
_CHECK_BYTES, _CRC_BYTES, _TAG_BYTES, _KEY_BYTES = 32, 4, 16, 32
HEADER_BYTES = len(MAGIC) + _FIELDS.size + _CHECK_BYTES + _CRC_BYTES
# 128 MB and a third of a second for each guess at the passphrase (RFC 7914).
_LOG2_N, _R, _P = 17, 8, 1
# What a header may ask of whoever reads it: it is believed only after the key was made.
_MOST_LOG2_N, _MOST_R, _MOST_P, _MOST_CHUNK = 20, 16, 4, 64 * 1024 * 1024


class BackupBrokenError(BackupFailedError):
    """A backup is not what was written: `fault` is one word for programs."""

    def __init__(self, fault: str, words: str) -> None:
        super().__init__(words)
        self.fault = fault


class Source(Protocol):
    """What a backup is read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes; none at the end."""
        ...


class Keys(Struct, frozen=True):
    """What one file's passphrase and salt give: a key for each purpose."""

    content: bytes
    check: bytes
    manifest: bytes


class Header(Struct, frozen=True):
    """How a file is sealed. `raw` is all of it; `keys` are those of the passphrase given."""

    raw: bytes
    chunk: int
    nonces: bytes
    keys: Keys

    @property
    def binding(self) -> bytes:
        """What binds every frame to this header."""
        return hashlib.sha256(self.raw).digest()


def new_header(passphrase: str, chunk: int = CHUNK) -> Header:
    """Return the header of a new file."""
    salt, nonces = os.urandom(16), os.urandom(7)
    fields = MAGIC + _FIELDS.pack(VERSION, _LOG2_N, _R, _P, chunk, salt, nonces)
    keys = _keys(passphrase, salt, _LOG2_N, _R, _P)
    checked = fields + hmac.digest(keys.check, fields, "sha256")
    return Header(checked + zlib.crc32(checked).to_bytes(_CRC_BYTES), chunk, nonces, keys)


def read_header(
    source: Source, passphrase: str, known: Mapping[bytes, Header] | None = None
) -> Header:
    """Return the header at the beginning of a file.

    Args:
        source: the file.
        passphrase: what it was encrypted with.
        known: headers that were read with the same passphrase, by all of their bytes.

    Raises:
        BackupBrokenError: `form`, `truncated`, `header` or `passphrase`.
    """
    raw = _exactly(source, HEADER_BYTES)
    if known is not None and raw in known:
        return known[raw]
    if not raw.startswith(MAGIC[: len(raw)]):
        raise BackupBrokenError("form", "it is no backup of this program")
    if len(raw) < HEADER_BYTES:
        raise BackupBrokenError("truncated", "it is truncated: it ends within its header")
    checked, crc = raw[:-_CRC_BYTES], raw[-_CRC_BYTES:]
    if zlib.crc32(checked).to_bytes(_CRC_BYTES) != crc:
        raise BackupBrokenError("header", "its header is damaged")
    fields, check = checked[:-_CHECK_BYTES], checked[-_CHECK_BYTES:]
    version, log2_n, r, p, chunk, salt, nonces = _FIELDS.unpack(fields[len(MAGIC) :])
    if version != VERSION:
        raise BackupBrokenError("form", f"its form {version} is not known to this version")
    sound = 0 < log2_n <= _MOST_LOG2_N and 0 < r <= _MOST_R and 0 < p <= _MOST_P
    if not sound or not 0 < chunk <= _MOST_CHUNK:
        raise BackupBrokenError("header", "its header asks for what none of ours would")
    keys = _keys(passphrase, salt, log2_n, r, p)
    if not hmac.compare_digest(hmac.digest(keys.check, fields, "sha256"), check):
        raise BackupBrokenError("passphrase", "it was encrypted with another passphrase")
    return Header(raw, chunk, nonces, keys)


class Sealer:
    """Makes the frames of one file, in order."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._cipher = AESGCM(header.keys.content)
        self._binding = header.binding
        self._number = 0

    def seal(self, plain: bytes, *, last: bool = False) -> bytes:
        """Return the next frame. All but the last hold a whole chunk."""
        head = _FRAME.pack(self._number, last, len(plain) + _TAG_BYTES)
        nonce = _nonce(self._header, self._number, last=last)
        self._number += 1
        return head + self._cipher.encrypt(nonce, plain, self._binding + head)


def unsealed(source: Source, header: Header) -> Iterator[bytes]:
    """Yield what was sealed, chunk by chunk; each was authenticated before it is yielded.

    Whoever uses it must run it to its end: only there it is known that nothing was cut off.

    Raises:
        BackupBrokenError: `truncated`, `order`, `changed` or `trailing`.
    """
    cipher, binding = AESGCM(header.keys.content), header.binding
    number, last = 0, False
    while not last:
        head = _exactly(source, _FRAME.size)
        _complete(head, _FRAME.size, number)
        found, mark, length = _FRAME.unpack(head)
        last = bool(mark)
        if found != number:
            words = f"its chunks are out of order: number {found} stands in the place of {number}"
            raise BackupBrokenError("order", words)
        if not _TAG_BYTES <= length <= header.chunk + _TAG_BYTES:
            raise _changed(number)
        sealed = _exactly(source, length)
        _complete(sealed, length, number)
        try:
            yield cipher.decrypt(_nonce(header, number, last=last), sealed, binding + head)
        except InvalidTag:
            raise _changed(number) from None
        number += 1
    if source.read(1):
        raise BackupBrokenError("trailing", "something follows its end: it was changed")


def _changed(number: int) -> BackupBrokenError:
    return BackupBrokenError("changed", f"it was changed or damaged: chunk {number} does not open")


def _complete(found: bytes, size: int, number: int) -> None:
    if len(found) < size:
        words = f"it is truncated: it ends at chunk {number}, before its end mark"
        raise BackupBrokenError("truncated", words)


def _exactly(source: Source, size: int) -> bytes:
    parts: list[bytes] = []
    while size > 0 and (part := source.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _nonce(header: Header, number: int, *, last: bool) -> bytes:
    return header.nonces + number.to_bytes(4) + bytes([last])


def _keys(passphrase: str, salt: bytes, log2_n: int, r: int, p: int) -> Keys:
    root = Scrypt(salt=salt, length=_KEY_BYTES, n=2**log2_n, r=r, p=p).derive(passphrase.encode())

    def purpose(name: str) -> bytes:
        info = f"central-config/backup/{name}".encode()
        return HKDFExpand(algorithm=hashes.SHA256(), length=_KEY_BYTES, info=info).derive(root)

    return Keys(purpose("content"), purpose("check"), purpose("manifest"))
