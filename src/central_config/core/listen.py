"""A connection of its own that hears NOTIFY, comes back when it is lost, and says so.

What is heard is a hint, never the truth: whoever acts on it reads the database.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

import asyncpg
import structlog

from central_config.core.db import connect_arguments, open_connection

log = structlog.get_logger(__name__)

Handler = Callable[[str], None]

# A dead server says nothing; a statement every few seconds finds out (seconds).
_PROBE_EVERY = 5
_RECONNECT_AFTER = 1
# A connection that was good and is lost is opened again sooner (seconds).
_REOPEN_AFTER = 0.1


class NotificationListener:
    """Calls the handler of a channel with each payload.

    `connected` is called after every (re)connection: hints may have been missed before it.
    """

    def __init__(
        self, url: str, handlers: Mapping[str, Handler], connected: Callable[[], None]
    ) -> None:
        self._arguments = connect_arguments(url)
        self._handlers = handlers
        self._connected = connected
        self._task: asyncio.Task[None] | None = None
        self.healthy = False

    def start(self) -> None:
        """Begin to listen; needs a running event loop."""
        self._task = asyncio.create_task(self._run(), name="notification-listener")

    async def stop(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        was_healthy = False
        while True:
            try:
                await self._listen()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                was_healthy, self.healthy = self.healthy, False
                if was_healthy:
                    log.warning("notification connection lost", error=repr(error))
            await asyncio.sleep(_REOPEN_AFTER if was_healthy else _RECONNECT_AFTER)

    async def _listen(self) -> None:
        connection = await open_connection(
            **self._arguments,
            timeout=10,
            server_settings={"application_name": "central-config-listen"},
        )
        lost = asyncio.Event()

        def note_loss(connection: object) -> None:
            del connection
            lost.set()

        connection.add_termination_listener(note_loss)
        try:
            for channel in self._handlers:
                await connection.add_listener(channel, self._hear)
            self.healthy = True
            self._connected()
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PROBE_EVERY):
                        await lost.wait()
                await connection.execute("SELECT 1", timeout=_PROBE_EVERY)
        finally:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(1):
                    await connection.close()

    def _hear(self, connection: object, pid: int, channel: str, payload: object) -> None:
        del connection, pid
        self._handlers[channel](str(payload))
