"""Slowing down those who guess passwords or send keys that are none.

Counts live in Redis, so that all processes count together. While Redis is away each process counts
for itself; a request never fails for it.
"""

import asyncio
import ipaddress
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError

from central_config.core.settings import Settings

log = structlog.get_logger(__name__)

T = TypeVar("T")

PER_USER_AND_ADDRESS = "5/minute"
PER_ADDRESS = "20/minute"
# Seconds Redis may take, and seconds until it is asked again after it did not answer.
_PATIENCE = 0.5
_PAUSE = 5.0
# An IPv6 customer has at least this network, so its addresses count as one.
_IPV6_NETWORK = 64


class Throttle:
    """Counts failures per client address, and sign-ins per user name and address."""

    def __init__(
        self,
        redis_url: str | None,
        key_prefix: str = "",
        *,
        per_user: str = PER_USER_AND_ADDRESS,
        per_address: str = PER_ADDRESS,
    ) -> None:
        self._per_user = parse(per_user)
        self._per_address = parse(per_address)
        self._memory = MemoryStorage()
        self._local = MovingWindowRateLimiter(self._memory)
        self._redis: RedisStorage | None = None
        self._shared: MovingWindowRateLimiter | None = None
        self._pause_until = 0.0
        if redis_url is not None:
            self._redis = RedisStorage(
                _storage_address(redis_url),
                wrap_exceptions=True,
                implementation="redispy",
                key_prefix=f"{key_prefix}throttle",
            )
            self._shared = MovingWindowRateLimiter(self._redis)

    @classmethod
    def of(cls, settings: Settings) -> "Throttle":
        """Return the throttle that the settings describe; nothing connects yet."""
        url = settings.redis_url
        return cls(
            None if url is None else url.get_secret_value(), key_prefix=settings.cache_key_prefix
        )

    async def begin_sign_in(self, username: str, address: str) -> int | None:
        """Count an attempt before it is looked at; return seconds to wait when it is refused.

        Counted first, so that many attempts at the same moment are not all let through.
        """
        place = _network(address)
        wait = await self.blocked(address)
        if wait is not None:
            return wait
        return await self._hit(self._per_user, "sign-in", username, place)

    async def blocked(self, address: str) -> int | None:
        """Return seconds to wait when too many sign-ins from the address have failed."""
        identifiers = ("sign-in", _network(address))
        if await self._ask(lambda limiter: limiter.test(self._per_address, *identifiers)):
            return None
        return await self._wait(self._per_address, identifiers)

    async def sign_in_failed(self, address: str) -> None:
        """Count a failure against the address."""
        await self._hit(self._per_address, "sign-in", _network(address))

    async def sign_in_succeeded(self, username: str, address: str) -> None:
        """Forget the attempts of somebody who did know the password."""
        place = _network(address)
        await self._ask(lambda limiter: limiter.clear(self._per_user, "sign-in", username, place))

    async def token_failed(self, address: str) -> int | None:
        """Count a token that stands for nobody; return seconds to wait when there were too many.

        Right tokens from the same address are never held up: many clients may share it.
        """
        return await self._hit(self._per_address, "token", _network(address))

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._redis is not None:
            bridge: Any = self._redis.bridge
            client: Any = bridge.get_connection()
            await client.aclose()
        if self._memory.timer is not None:
            self._memory.timer.cancel()
            await asyncio.gather(self._memory.timer, return_exceptions=True)

    async def _hit(self, limit: RateLimitItem, *identifiers: str) -> int | None:
        if await self._ask(lambda limiter: limiter.hit(limit, *identifiers)):
            return None
        return await self._wait(limit, identifiers)

    async def _wait(self, limit: RateLimitItem, identifiers: tuple[str, ...]) -> int:
        stats = await self._ask(lambda limiter: limiter.get_window_stats(limit, *identifiers))
        return max(1, math.ceil(stats.reset_time - time.time()))

    async def _ask(self, question: Callable[[MovingWindowRateLimiter], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        if self._shared is not None and loop.time() >= self._pause_until:
            try:
                async with asyncio.timeout(_PATIENCE):
                    return await question(self._shared)
            except (StorageError, OSError, TimeoutError) as error:
                self._pause_until = loop.time() + _PAUSE
                log.warning("failures are counted in this process alone", error=repr(error))
        return await question(self._local)


def _storage_address(redis_url: str) -> str:
    if redis_url.startswith("unix://"):
        return "async+redis+unix://" + redis_url.removeprefix("unix://")
    return f"async+{redis_url}"


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _IPV6_NETWORK), strict=False))
    return address
