"""Answers of a language model, kept in Redis for all processes, or in this one's memory.

Nothing depends on it: while Redis is away or slow a question is asked again.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable
from typing import Any, TypeVar, cast

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from central_config.core.settings import Settings, with_database_number

log = structlog.get_logger(__name__)

T = TypeVar("T")

# An answer's name says all that it depends on, so age spoils none; this bounds what is kept
# (seconds; answers in memory).
LIFE = 24 * 3600
KEPT = 512
# How long Redis may take, and how long it is left alone after it did not answer (seconds).
PATIENCE = 0.2
PAUSE = 5.0


class KeptAnswer(msgspec.Struct, frozen=True, array_like=True):
    """What a model said, and how long it took (seconds)."""

    text: str
    seconds: float


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(KeptAnswer).decode


class Answers:
    """Answers by the name of what was asked."""

    def __init__(self, redis: Redis | None = None, prefix: str = "") -> None:
        self._redis = redis
        self._prefix = f"{prefix}answer:"
        self._memory: OrderedDict[str, KeptAnswer] = OrderedDict()
        self._pause_until = 0.0

    @classmethod
    def of(cls, settings: Settings) -> "Answers":
        """Return the cache that the settings describe; nothing connects yet."""
        if settings.redis_url is None:
            return cls()
        redis: Redis = cast("Any", Redis).from_url(
            with_database_number(settings.redis_url.get_secret_value(), settings.cache_redis_db),
            max_connections=settings.cache_max_connections,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )
        return cls(redis, settings.cache_key_prefix)

    async def close(self) -> None:
        """Close the connections."""
        if self._redis is not None:
            await self._redis.aclose()

    async def get(self, name: str) -> KeptAnswer | None:
        """Return the answer of that name, if it is kept."""
        if self._redis is None:
            if name in self._memory:
                self._memory.move_to_end(name)
            return self._memory.get(name)
        asked = cast("Awaitable[bytes | None]", self._redis.get(self._prefix + name))
        packed = await self._patiently(asked)
        try:
            return None if packed is None else _unpack(packed)
        except msgspec.DecodeError:
            return None  # of another release

    async def put(self, name: str, answer: KeptAnswer) -> None:
        """Keep an answer."""
        if self._redis is not None:
            await self._patiently(self._redis.set(self._prefix + name, _pack(answer), ex=LIFE))
            return
        self._memory[name] = answer
        if len(self._memory) > KEPT:
            self._memory.popitem(last=False)

    async def _patiently(self, asked: Awaitable[T]) -> T | None:
        """Return what Redis says, soon; None when it does not."""
        if time.monotonic() < self._pause_until:
            cast("Any", asked).close()
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                return await asked
        except Exception as error:  # noqa: BLE001 - whatever it is, the question is asked again
            log.info("answers in redis not reached", error=repr(error))
            self._pause_until = time.monotonic() + PAUSE
            return None
