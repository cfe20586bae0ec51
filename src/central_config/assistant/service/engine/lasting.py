"""The engine of a worker process, which outlives its jobs.

Each job has an event loop of its own, and connections belong to a loop. That an engine failed a
moment ago does not: a new engine for each job would ask one that hangs anew, and wait for it.
"""

import contextlib
from collections.abc import AsyncGenerator

from central_config.assistant.service.engine.ollama import OllamaEngine
from central_config.core.settings import Settings


class LastingEngine:
    """Lends one engine to one job after the other."""

    def __init__(self) -> None:
        self._made: tuple[Settings, OllamaEngine] | None = None

    @contextlib.asynccontextmanager
    async def lent(self, settings: Settings) -> AsyncGenerator[OllamaEngine]:
        """Lend the engine that the settings describe; its connections end with the block."""
        if self._made is None or self._made[0] != settings:
            self._made = settings, OllamaEngine.of(settings)
        engine = self._made[1]
        try:
            yield engine
        finally:
            await engine.close()
