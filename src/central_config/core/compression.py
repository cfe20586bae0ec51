"""Answers in fewer bytes: which encoding a client takes, and bodies in it."""

import asyncio
import sys
import zlib
from functools import lru_cache

if sys.version_info >= (3, 14):
    from compression import zstd  # pyright: ignore[reportUnreachable]
else:
    from backports import zstd

ZSTD = "zstd"
GZIP = "gzip"

# Smaller bodies go as they are: one packet either way (bytes).
WORTH = 1024
# Larger ones are compressed beside the event loop (bytes; gzip takes about 0.3 ms for so much).
_INLINE = 16 * 1024
# Levels at which both take a few milliseconds a megabyte; further ones cost more than they save.
_ZSTD_LEVEL = 3
_GZIP_LEVEL = 4
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


@lru_cache(maxsize=256)
def preferred(accepted: str) -> str | None:
    """Return the encoding to use for a client's Accept-Encoding; None: as it is."""
    best, weight = None, 0.0
    offered = dict(_parse(accepted))
    anything = offered.get("*", 0.0)
    for encoding in (ZSTD, GZIP):
        given = offered.get(encoding, anything)
        if given > weight:
            best, weight = encoding, given
    return best if weight >= offered.get("identity", 0.0) else None


def _parse(accepted: str) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for part in accepted.split(","):
        name, _, rest = part.strip().lower().partition(";")
        quality = rest.strip().removeprefix("q=") if rest else "1"
        try:
            found.append((name.strip(), float(quality)))
        except ValueError:
            continue
    return found


def compress(body: bytes, encoding: str) -> bytes:
    """Return the body in an encoding."""
    if encoding == ZSTD:
        return zstd.compress(body, _ZSTD_LEVEL)
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    return packer.compress(body) + packer.flush()


class Page:
    """An answer's body, and the encodings of it that somebody asked for."""

    __slots__ = ("_encoded", "_pending", "body")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._encoded: dict[str, bytes] = {}
        self._pending: dict[str, asyncio.Task[bytes]] = {}

    def encoding(self, accepted: str) -> str | None:
        """Return the encoding in which this body goes to a client."""
        return preferred(accepted) if accepted and len(self.body) >= WORTH else None

    def ready(self, encoding: str | None) -> bytes | None:
        """Return the body in an encoding if that takes no work."""
        if encoding is None:
            return self.body
        found = self._encoded.get(encoding)
        if found is None and len(self.body) <= _INLINE:
            found = self._encoded[encoding] = compress(self.body, encoding)
        return found

    async def encoded(self, encoding: str | None) -> bytes:
        """Return the body in an encoding; who asks for the same meanwhile shares the work."""
        found = self.ready(encoding)
        if found is not None or encoding is None:
            return self.body if found is None else found
        task = self._pending.get(encoding)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(compress, self.body, encoding))
            self._pending[encoding] = task
        found = await asyncio.shield(task)
        self._encoded[encoding] = found
        self._pending.pop(encoding, None)
        return found
