"""One Redis command on a connection of its own, bounded in time."""

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
    client = cast("Any", redis.asyncio).Redis.from_url(
        url,
        socket_timeout=patience,
        socket_connect_timeout=patience,
        decode_responses=True,
        retry=None,
    )
    try:
        return await client.execute_command(*words)
    except (RedisError, OSError, TimeoutError) as error:
        raise UnreachableError(f"redis: {error or 'no answer'}") from error
    finally:
        await client.aclose()
