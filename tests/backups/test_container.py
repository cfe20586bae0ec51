"""An encrypted file opens only as it was written, and says in which way it is not."""

import io
from collections.abc import Callable, Sequence
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central_config.backups.model import container
from central_config.backups.model.container import (
    HEADER_BYTES,
    BackupBrokenError,
    Sealer,
    new_header,
    read_header,
    unsealed,
)

SECRET = "a passphrase for these tests"
CHUNK = 64
FRAME = 9 + CHUNK + 16


def sealed(chunks: Sequence[bytes], secret: str = SECRET) -> bytes:
    header = new_header(secret, CHUNK)
    sealer = Sealer(header)
    return header.raw + b"".join(map(sealer.seal, chunks)) + sealer.seal(b"", last=True)


def opened(data: bytes, secret: str = SECRET) -> bytes:
    source = io.BytesIO(data)
    return b"".join(unsealed(source, read_header(source, secret)))


def fault_of(data: bytes, secret: str = SECRET) -> str:
    with pytest.raises(BackupBrokenError) as caught:
        opened(data, secret)
    return caught.value.fault


@lru_cache(maxsize=1)
def whole() -> bytes:
    return sealed([bytes([number]) * CHUNK for number in range(5)])


SIZE = HEADER_BYTES + 5 * FRAME + 9 + 16


def test_what_was_written_is_read() -> None:
    assert len(whole()) == SIZE
    assert opened(whole()) == b"".join(bytes([number]) * CHUNK for number in range(5))
    assert opened(sealed([])) == b""
    assert b"\x03" * 8 not in whole()


def swapped(data: bytes) -> bytes:
    one, two, three = (HEADER_BYTES + number * FRAME for number in (1, 2, 3))
    return data[:one] + data[two:three] + data[one:two] + data[three:]


def renumbered(data: bytes) -> bytes:
    """Swap two chunks and give each the number of its new place."""
    moved = bytearray(swapped(data))
    for number in (1, 2):
        at = HEADER_BYTES + number * FRAME
        moved[at : at + 4] = number.to_bytes(4)
    return bytes(moved)


def flipped(at: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("fault", "damage"),
    [
        ("truncated", lambda data: data[:-1]),
        ("truncated", lambda data: data[: HEADER_BYTES + 2 * FRAME]),  # between two chunks
        ("truncated", lambda data: data[:HEADER_BYTES]),
        ("truncated", lambda data: data[:20]),
        ("order", swapped),
        ("order", lambda data: data[:HEADER_BYTES] + data[HEADER_BYTES + FRAME :]),
        ("changed", renumbered),
        ("changed", flipped(HEADER_BYTES + FRAME + 40)),
        ("header", flipped(len(container.MAGIC) + 9)),
        ("form", lambda data: b"PGDMP" + data[5:]),
        ("form", lambda data: data[:0] + b"PGDMP"),
        ("trailing", lambda data: data + b"x"),
    ],
)
def test_damage_has_a_name(fault: str, damage: Callable[[bytes], bytes]) -> None:
    assert fault_of(damage(whole())) == fault


def test_another_passphrase_is_told_from_damage() -> None:
    assert fault_of(whole(), "another passphrase") == "passphrase"


def test_a_chunk_of_another_backup_does_not_fit() -> None:
    other = sealed([b"x" * CHUNK] * 5)
    at = HEADER_BYTES + 2 * FRAME
    assert fault_of(whole()[:at] + other[at : at + FRAME] + whole()[at + FRAME :]) == "changed"


def test_an_early_end_mark_of_its_own_is_refused() -> None:
    """Whoever turns a chunk into the last one has not the key for it."""
    at = HEADER_BYTES + 2 * FRAME
    data = whole()
    assert fault_of(data[: at + 4] + b"\x01" + data[at + 5 : at + FRAME]) == "changed"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, SIZE - 1), st.integers(1, 255))
def test_no_changed_byte_passes(at: int, change: int) -> None:
    data = bytearray(whole())
    data[at] ^= change
    with pytest.raises(BackupBrokenError):
        opened(bytes(data))
