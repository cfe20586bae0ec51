"""Having the model in memory before the first question comes, beside everything else."""

import asyncio
import contextlib

import structlog

from central_config.assistant.service.engine import EngineAwayError
from central_config.assistant.service.engine.ollama import OllamaEngine

log = structlog.get_logger(__name__)

# How long until an engine that was away is tried again (seconds): at first, and at most.
SOON = 5.0
LATER = 300.0


class Warmth:
    """Warms an engine up once it can be reached; a process neither waits nor fails for it.

    Args:
        engine: the engine.
        system: what its first request will begin with.
        soon: seconds until the first further try.
    """

    def __init__(self, engine: OllamaEngine, system: str = "", soon: float = SOON) -> None:
        self._engine = engine
        self._system = system
        self._soon = soon
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Give up what has not succeeded."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        pause = self._soon
        while True:
            try:
                seconds = await self._engine.warm_up(self._system)
            except EngineAwayError as error:
                log.warning("the AI engine is not warm", reason=error.whole, again_in=pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LATER)
            else:
                log.info("the AI engine is warm", seconds=round(seconds, 1))
                return
