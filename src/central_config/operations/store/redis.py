"""What Redis says of itself."""

from typing import Any, cast

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

# Seconds; nothing of the service waits for Redis, and neither does this.
_PATIENCE = 3.0


class RedisAwayError(Exception):
    """Redis did not answer; the text says how, without its address."""


async def info(url: str) -> dict[str, Any]:
    """Return what `INFO` says.

    Raises:
        RedisAwayError: it did not answer.
    """
    client = cast("Any", redis.asyncio).Redis.from_url(
        url,
        socket_timeout=_PATIENCE,
        socket_connect_timeout=_PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        return await client.info()
    except (RedisError, OSError, TimeoutError) as error:
        raise RedisAwayError(type(error).__name__) from error
    finally:
        await client.aclose()
