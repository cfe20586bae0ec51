"""The configuration in a file, so that an application starts while the server is away.

The first line says how the rest is protected: a checksum finds damage; a signature, with a key,
also finds changes by somebody who can write the file.
"""

import contextlib
import hashlib
import hmac
import json
import math
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from central_config_client.current import Current
from central_config_client.errors import CacheError, StaleError
from central_config_client.snapshot import NOTHING, Snapshot

FORMAT: Final = 1
# Seconds between writes while values change, and while they are only confirmed.
AT_MOST_EVERY, AT_LEAST_EVERY = 1.0, 60.0
# How far a machine's clock may be behind the one it was written by before its age means nothing.
_CLOCK_SLACK = 60.0


class Cached(NamedTuple):
    """What a cache holds; `age` is seconds since the server confirmed it."""

    snapshot: Snapshot
    age: float


class Cache:
    """One file for one place.

    Args:
        path: the file; its folder exists.
        identity: whose configuration it is: a cache of another place is refused.
        key: signs it.
        max_age: seconds.
    """

    def __init__(
        self, path: Path, identity: Mapping[str, str], key: str | bytes | None, max_age: float
    ) -> None:
        self._path = path
        self._identity = dict(identity)
        self._key = key.encode() if isinstance(key, str) else key
        self._max_age = max_age

    def load(self) -> Cached:
        """Return what was kept.

        Raises:
            CacheError: there is nothing that can be trusted.
            StaleError: it is too old.
        """
        try:
            head, _, body = self._path.read_bytes().partition(b"\n")
        except OSError as error:
            raise CacheError(f"{self._path}: {error.strerror}") from error
        if not hmac.compare_digest(head, self._head(body)):
            how = "signature" if self._key else "checksum"
            raise CacheError(f"{self._path}: its {how} is wrong")
        document = cast("dict[str, Any]", json.loads(body))
        if document["identity"] != self._identity:
            raise CacheError(f"{self._path}: it is of {document['identity']}")
        age = time.time() - document["confirmed_at"]
        if age < -_CLOCK_SLACK and not math.isinf(self._max_age):
            message = f"{self._path}: its time has not come yet, so its age cannot be told"
            raise CacheError(message)
        age = max(0.0, age)
        if age > self._max_age:
            raise StaleError(age, self._max_age, f"the cache {self._path}")
        deprecated, masked = frozenset(document["deprecated"]), frozenset(document["masked"])
        snapshot = Snapshot(document["revision"], document["values"], deprecated, masked)
        return Cached(snapshot, age)

    def save(self, snapshot: Snapshot, age: float) -> None:
        """Keep a snapshot that was confirmed `age` seconds ago.

        Raises:
            OSError: the file cannot be written; the old one is still there.
        """
        document = {
            "identity": self._identity,
            "confirmed_at": time.time() - age,
            "revision": snapshot.revision,
            "values": dict(snapshot.values),
            "deprecated": sorted(snapshot.deprecated),
            "masked": sorted(snapshot.masked),
        }
        body = json.dumps(document, separators=(",", ":")).encode()
        _replace(self._path, self._head(body) + b"\n" + body)

    def _head(self, body: bytes) -> bytes:
        if self._key is None:
            return (
                f"central-config-cache {FORMAT} sha256 {hashlib.sha256(body).hexdigest()}".encode()
            )
        digest = hmac.new(self._key, body, hashlib.sha256).hexdigest()
        return f"central-config-cache {FORMAT} hmac-sha256 {digest}".encode()


def _replace(path: Path, content: bytes) -> None:
    """Write a file that is whole at every moment and nobody else may read."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


class Keeper:
    """Decides when the cache is written."""

    def __init__(self, cache: Cache, current: Current) -> None:
        self._cache = cache
        self._current = current
        self._kept: Snapshot = NOTHING
        self._kept_at = current.clock() - AT_LEAST_EVERY

    def due(self, *, closing: bool = False) -> bool:
        """Tell whether it is time to save."""
        if self._current.source != "live":
            return False
        changed = self._current.snapshot is not self._kept
        since = self._current.clock() - self._kept_at
        return closing or since >= (AT_MOST_EVERY if changed else AT_LEAST_EVERY)

    def save(self) -> None:
        """Save what is shown now.

        Raises:
            OSError: as `Cache.save`.
        """
        # Also after a failure: it is not tried again at once.
        self._kept, self._kept_at = self._current.snapshot, self._current.clock()
        self._cache.save(self._kept, self._current.age)
