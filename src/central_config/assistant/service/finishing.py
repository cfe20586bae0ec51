"""Ending what was begun, also where whoever waits for it goes away: the audit log is written so."""

import asyncio
from collections.abc import Coroutine
from typing import Any

# A loop holds its tasks only weakly: one that nobody waits for any more could vanish half-done.
_begun: set[asyncio.Task[Any]] = set()


async def finished(work: Coroutine[Any, Any, None]) -> None:
    """Do something to its end; a cancellation ends the waiting for it, not the work."""
    task = asyncio.create_task(work)
    _begun.add(task)
    task.add_done_callback(_begun.discard)
    await asyncio.shield(task)
