"""Copies of workspaces in Redis, from which a process that holds nothing yet starts quickly.

A copy is all cells of a workspace at one revision, in chunks. It holds secrets in clear, so each
part is sealed, and bound to its workspace, revision and place. Nothing depends on a copy: Redis
may lose it, be slow, or be away; then PostgreSQL is read, which takes longer.

Keys: `PREFIXsnapshot:WORKSPACE` says what there is, `PREFIXsnapshot:WORKSPACE:REVISION:NUMBER` are
the chunks, `PREFIXsnapshot:WORKSPACE:lock` is held by the process that writes.
"""

import asyncio
import hashlib
import sys
import time
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.lock import Lock
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from central_config.configurations.model.cells import (
    ACTIVE,
    ARCHIVED,
    DEPRECATED,
    REMOVED,
    Cell,
    Layers,
)
from central_config.core.ids import quick
from central_config.core.settings import Settings, with_database_number
from central_config.secrets.service import Vault

if sys.version_info >= (3, 14):
    from compression import zstd  # pyright: ignore[reportUnreachable]
else:
    from backports import zstd

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Copies of another form are not read.
FORM = 1
# Cells in a chunk: packing or opening one takes about two milliseconds, during which nobody else
# is answered.
CHUNK = 1_000
# How long somebody who wants a workspace waits for Redis, all answers together (seconds), and for
# each chunk besides: PostgreSQL would take about twice as long for as many cells.
PATIENCE = 0.2
PATIENCE_PER_CHUNK = 0.005
# How long Redis is left alone after it did not answer (seconds).
PAUSE = 5.0
# How long whoever writes copies waits for one answer (seconds).
WRITING_PATIENCE = 2.0
# How long one process may take to write a copy before another may begin (seconds).
LOCKED_FOR = 120
# How long the chunks of a copy that was replaced stay, for those who read it (seconds).
OUTLIVED_BY = 15
# Chunks asked for at once.
_AT_ONCE = 8
_LEVEL = 1
# Shorter values occur again and again and are kept once (bytes).
_SHARED = 16
_STATUSES = (ACTIVE, DEPRECATED, ARCHIVED, REMOVED)
_NUMBERS: Mapping[str, int] = {status: number for number, status in enumerate(_STATUSES)}


class WarmBrokenError(Exception):
    """A copy is not whole."""


class Meta(msgspec.Struct, frozen=True, array_like=True):
    """What a copy says of itself. `change_id` and `published_at` are those of its revision."""

    form: int
    revision: int
    published_at: datetime
    change_id: UUID | None
    cells: int
    chunks: int
    digest: bytes


class Warm(NamedTuple):
    """A copy as it was read. `took`: seconds."""

    revision: int
    published_at: datetime
    change_id: UUID | None
    layers: Layers
    took: float

    @property
    def identity(self) -> tuple[datetime, UUID | None]:
        """What tells its revision from another one with the same number."""
        return self.published_at, self.change_id


class _Chunk(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Cells of one environment, by column."""

    environment: UUID
    keys: list[str]
    bodies: list[bytes]
    statuses: list[int]
    versions: list[int]
    revisions: list[int]
    secrets: list[bool]


_pack = msgspec.msgpack.Encoder(uuid_format="bytes").encode
_unpack_chunk = msgspec.msgpack.Decoder(_Chunk).decode
_unpack_meta = msgspec.msgpack.Decoder(Meta).decode


class WarmStore:
    """Copies of workspaces in Redis."""

    def __init__(self, redis: Redis, prefix: str, life: int, vault: Vault) -> None:
        self._redis = redis
        self._prefix = f"{prefix}snapshot:"
        self._vault = vault
        self._pause_until = 0.0
        self.life = life

    @classmethod
    def of(cls, settings: Settings, vault: Vault) -> "WarmStore | None":
        """Return the store that the settings describe, or None; nothing connects yet."""
        if settings.redis_url is None or not settings.cache_default_timeout:
            return None
        redis: Redis = cast("Any", Redis).from_url(
            with_database_number(settings.redis_url.get_secret_value(), settings.cache_redis_db),
            max_connections=settings.cache_max_connections,
            socket_timeout=WRITING_PATIENCE,
            socket_connect_timeout=WRITING_PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )
        return cls(redis, settings.cache_key_prefix, settings.cache_default_timeout, vault)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def fetch(self, workspace_id: UUID) -> Warm | None:
        """Return the copy of a workspace; None if there is none that can be used, soon."""
        began = time.monotonic()
        if began < self._pause_until:
            return None
        try:
            return await self._fetch(workspace_id, began)
        except Exception as error:  # noqa: BLE001 - whatever it is, PostgreSQL knows better
            log.warning("snapshot in redis not read", error=repr(error))
            self._pause_until = time.monotonic() + PAUSE
            return None

    async def _fetch(self, workspace_id: UUID, began: float) -> Warm | None:
        waiting = _Waiting(PATIENCE)
        sealed: Any = await waiting.on(self._redis.get(self._name(workspace_id)))
        if sealed is None:
            return None
        meta = self._opened(workspace_id, sealed)
        if meta.form != FORM:
            return None
        names = self._names(workspace_id, meta)
        digest, cells, layers = hashlib.sha256(), _Cells(), Layers()
        for start in range(0, len(names), _AT_ONCE):
            waiting.allow(_AT_ONCE * PATIENCE_PER_CHUNK)
            found: list[Any] = await waiting.on(self._redis.mget(names[start : start + _AT_ONCE]))
            for number, part in enumerate(found, start):
                if part is None:
                    message = f"chunk {number} of {meta.chunks} is missing"
                    raise WarmBrokenError(message)
                digest.update(part)
                packed = self._vault.open_system(part, _purpose(workspace_id, meta, number))
                cells.add(_unpack_chunk(zstd.decompress(packed)), layers)
                await asyncio.sleep(0)
        if digest.digest() != meta.digest:
            message = "the chunks are not those of this copy"
            raise WarmBrokenError(message)
        took = time.monotonic() - began
        return Warm(meta.revision, meta.published_at, meta.change_id, layers, took)

    async def look(self, workspace_id: UUID) -> tuple[Meta | None, float]:
        """Return what the present copy says of itself, and how long it will live (seconds)."""
        async with asyncio.timeout(WRITING_PATIENCE):
            sealed: Any = await self._redis.get(self._name(workspace_id))
            left = await self._redis.pttl(self._name(workspace_id))
        if sealed is None:
            return None, 0.0
        try:
            meta = self._opened(workspace_id, sealed)
        except Exception as error:  # noqa: BLE001 - it will be replaced
            log.warning("snapshot in redis not read", error=repr(error))
            return None, 0.0
        return (meta if meta.form == FORM else None), left / 1000

    def lock(self, workspace_id: UUID) -> Lock:
        """Return the lock that lets one process at a time write copies of a workspace."""
        name = f"{self._name(workspace_id)}:lock"
        return self._redis.lock(name, timeout=LOCKED_FOR, blocking=False)

    async def extend(self, workspace_id: UUID, meta: Meta) -> None:
        """Let a copy live its whole life from now on."""
        await self._expire([*self._names(workspace_id, meta), self._name(workspace_id)], self.life)

    async def write(
        self, workspace_id: UUID, meta: Meta, layers: Layers, before: Meta | None
    ) -> None:
        """Write a copy and put it in the place of the one `before`.

        Args:
            workspace_id: the workspace.
            meta: what it says of itself; the number of chunks and the digest are set here.
            layers: its cells; nobody may change them meanwhile.
            before: the copy that is there.
        """
        digest, count = hashlib.sha256(), 0
        for number, (environment, cells) in enumerate(_slices(layers)):
            began = time.monotonic()
            purpose = _purpose(workspace_id, meta, number)
            sealed = await asyncio.to_thread(self._sealed, environment, cells, purpose)
            digest.update(sealed)
            name = self._chunk_name(workspace_id, meta.revision, number)
            await self._set(name, sealed)
            count += 1
            # As long as that took: there are others who want the processor.
            await asyncio.sleep(time.monotonic() - began)
        done = msgspec.structs.replace(meta, chunks=count, digest=digest.digest())
        sealed = self._vault.seal_system(_pack(done), f"snapshot {workspace_id}")
        # Those written first have lived for a while.
        await self._expire(self._names(workspace_id, done), self.life)
        await self._set(self._name(workspace_id), sealed)
        if before is not None and before.revision != meta.revision:
            await self._expire(self._names(workspace_id, before), OUTLIVED_BY)

    def _sealed(self, environment: UUID, cells: list[tuple[str, Cell]], purpose: str) -> bytes:
        found = [cell for _, cell in cells]
        chunk = _Chunk(
            environment,
            [key for key, _ in cells],
            [cell.body for cell in found],
            [_NUMBERS[cell.status] for cell in found],
            [cell.version for cell in found],
            [cell.revision for cell in found],
            [cell.secret for cell in found],
        )
        return self._vault.seal_system(zstd.compress(_pack(chunk), _LEVEL), purpose)

    async def _set(self, name: str, value: bytes) -> None:
        async with asyncio.timeout(WRITING_PATIENCE):
            await self._redis.set(name, value, ex=self.life)

    async def _expire(self, names: list[str], seconds: int) -> None:
        async with (
            asyncio.timeout(WRITING_PATIENCE),
            self._redis.pipeline(transaction=False) as many,
        ):
            for name in names:
                many.expire(name, seconds)
            await many.execute()

    def _opened(self, workspace_id: UUID, sealed: bytes) -> Meta:
        return _unpack_meta(self._vault.open_system(sealed, f"snapshot {workspace_id}"))

    def _name(self, workspace_id: UUID) -> str:
        return f"{self._prefix}{workspace_id}"

    def _names(self, workspace_id: UUID, meta: Meta) -> list[str]:
        return [
            self._chunk_name(workspace_id, meta.revision, number) for number in range(meta.chunks)
        ]

    def _chunk_name(self, workspace_id: UUID, revision: int, number: int) -> str:
        return f"{self._prefix}{workspace_id}:{revision}:{number}"


class _Waiting:
    """Waits for answers, for so many seconds altogether."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    def allow(self, seconds: float) -> None:
        """Wait for so much longer."""
        self._left += seconds

    async def on(self, answer: Awaitable[T]) -> T:
        """Return an answer.

        Raises:
            TimeoutError: the time is up.
        """
        began = time.monotonic()
        async with asyncio.timeout(self._left):
            found = await answer
        self._left -= time.monotonic() - began
        return found


class _Cells:
    """Makes cells of chunks; equal parts of them are one object."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._bodies: dict[bytes, bytes] = {}

    def add(self, chunk: _Chunk, layers: Layers) -> None:
        """Lay the cells of a chunk."""
        one, number = self._bodies.setdefault, self._numbers.setdefault
        bodies = [one(body, body) if len(body) <= _SHARED else body for body in chunk.bodies]
        statuses = [_STATUSES[each] for each in chunk.statuses]
        revisions = map(number, chunk.revisions, chunk.revisions)
        cells = map(Cell, bodies, statuses, chunk.versions, revisions, chunk.secrets)
        layers.setdefault(quick(chunk.environment), {}).update(zip(chunk.keys, cells, strict=True))


def _slices(layers: Layers) -> Iterator[tuple[UUID, list[tuple[str, Cell]]]]:
    for environment, layer in layers.items():
        cells: Iterable[tuple[str, Cell]] = iter(layer.items())
        while block := list(islice(cells, CHUNK)):
            yield environment, block


def _purpose(workspace_id: UUID, meta: Meta, number: int) -> str:
    return f"snapshot {workspace_id} {meta.revision} {number}"
