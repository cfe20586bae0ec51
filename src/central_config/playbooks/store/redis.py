"""Redis on a connection of its own, bounded in time."""

from collections.abc import Sequence
from typing import Any, cast

import redis.asyncio
from redis.exceptions import RedisError

from central_config.playbooks.model.errors import UnreachableError


async def command(url: str, words: Sequence[str], patience: float) -> Any:  # noqa: ANN401 - what the command answers
    """Return what a command answers.

    Raises:
        UnreachableError: no answer within `patience` seconds, or a refusal.
    """
    client = _client(url, patience)
    try:
        return await client.execute_command(*words)
    except (RedisError, OSError, TimeoutError) as error:
        raise UnreachableError(f"redis: {error or 'no answer'}") from error
    finally:
        await client.aclose()


# Keys looked at in one answer: Redis serves others in between.
_BLOCK = 500


async def clear(url: str, prefix: str, patience: float) -> int:
    """Remove the keys that begin with `prefix`, block by block; return how many.

    Raises:
        UnreachableError: no answer within `patience` seconds, or a refusal.
    """
    if not prefix:
        raise UnreachableError("redis: without a prefix everything would go")
    client = _client(url, patience)
    pattern = "".join(f"[{each}]" if each in "*?[" else each for each in prefix) + "*"
    removed, cursor = 0, 0
    try:
        while True:
            cursor, keys = await client.scan(cursor, match=pattern, count=_BLOCK)
            if keys:
                removed += int(await client.unlink(*keys))
            if not cursor:
                return removed
    except (RedisError, OSError, TimeoutError) as error:
        raise UnreachableError(f"redis: {error or 'no answer'}") from error
    finally:
        await client.aclose()


def _client(url: str, patience: float) -> Any:  # noqa: ANN401 - the library is untyped
    return cast("Any", redis.asyncio).Redis.from_url(
        url,
        socket_timeout=patience,
        socket_connect_timeout=patience,
        decode_responses=True,
        retry=None,
    )
