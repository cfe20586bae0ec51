"""The same for asyncio: a client, and a configuration that keeps itself fresh in a task."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, Unpack

import httpx2

from central_config_client.callbacks import failed
from central_config_client.calls import Call, change, delete, patch, put, read, read_key, request
from central_config_client.errors import UnavailableError
from central_config_client.feed import Action, Chunk, End, Reply, Send, Wait, Woken
from central_config_client.followed import Followed, log
from central_config_client.options import Connection, ConnectionOptions, Options
from central_config_client.transport import answered, arguments, head_of, lost_by, prepared

T = TypeVar("T")
P = ParamSpec("P")

TICK = 1.0


def _method(
    build: Callable[P, Call[T]],
) -> Callable[Concatenate["AsyncClient", P], Coroutine[Any, Any, T]]:
    @wraps(build)
    async def method(self: "AsyncClient", *given: P.args, **named: P.kwargs) -> T:
        return await self.send(build(*given, **named))

    return method


class AsyncClient:
    """Reads and writes; for reading all the time use `AsyncConfig`. Methods as in `calls`."""

    read = _method(read)
    read_key = _method(read_key)
    put = _method(put)
    patch = _method(patch)
    delete = _method(delete)
    change = _method(change)
    request = _method(request)

    def __init__(self, **options: Unpack[ConnectionOptions]) -> None:
        self._connection = Connection(**options)
        self._http = httpx2.AsyncClient(**arguments(self._connection))

    async def send(self, call: Call[T]) -> T:
        """Carry out a call. Raises as `Client.send`."""
        asked = prepared(self._http, self._connection, call.request)
        try:
            answer = answered(await self._http.send(asked))
        except httpx2.RequestError as error:
            raise UnavailableError(f"{type(error).__name__}: {error}") from error
        return call.read(answer)

    async def aclose(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class AsyncCarrier:
    """Carries out what a feed asks for, with a connection of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._http = httpx2.AsyncClient(**arguments(connection))
        self._response: httpx2.Response | None = None
        self._chunks: AsyncIterator[bytes] | None = None

    async def perform(self, action: Action) -> Reply:
        """Do one thing; raises nothing but its cancellation."""
        try:
            if isinstance(action, Send):
                return await self._send(action)
            if isinstance(action, Wait):
                await self._finish()
                await asyncio.sleep(action.seconds)
                return Woken()
            data = None if self._chunks is None else await anext(self._chunks, None)
            return End() if data is None else Chunk(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, following goes on
            await self._finish()
            return lost_by(error)

    async def _send(self, action: Send) -> Reply:
        await self._finish()
        request = prepared(self._http, self._connection, action.request)
        self._response = await self._http.send(request, stream=True)
        self._chunks = self._response.aiter_bytes()
        return head_of(self._response)

    async def _finish(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            with suppress(Exception):
                await response.aclose()

    async def close(self) -> None:
        """Close the connection."""
        await self._finish()
        with suppress(Exception):
            await self._http.aclose()


class AsyncConfig(Followed):
    """An environment's configuration as a mapping that is always fresh; see `View` for reading.

    `async with AsyncConfig("shop", "prod") as config:` reads it and follows it in a task.
    Callbacks run in a second task and may be coroutine functions. Reading does not wait.
    """

    def __init__(self, workspace: str, environment: str, **options: Unpack[Options]) -> None:
        super().__init__(workspace, environment, **options)
        self._settled = asyncio.Event()
        self._wake = asyncio.Event()
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []
        self._client: AsyncClient | None = None

    @property
    def client(self) -> AsyncClient:
        """The API at the same address with the same key, for writing."""
        if self._client is None:
            taken = self._settings
            self._client = AsyncClient(
                url=taken.url,
                api_key=taken.api_key,
                timeout=taken.timeout,
                connect_timeout=taken.connect_timeout,
                http=taken.http,
            )
        return self._client

    async def start(self) -> Self:
        """Begin; return when there is something to read. Raises as `Config.start`."""
        if self._tasks:
            raise RuntimeError("it was started already")
        await asyncio.to_thread(self._prepare)
        self._current.notices.wake = self._wake.set
        self._tasks = [
            asyncio.create_task(self._follow(AsyncCarrier(self._settings))),
            asyncio.create_task(self._tell()),
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.start_timeout):
                await self._settled.wait()
        try:
            self._check_start()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def aclose(self) -> None:
        """Stop following; callbacks that wait are called first. What is known stays readable."""
        self._closing = True
        self._wake.set()
        if self._tasks:
            feed, callbacks = self._tasks
            feed.cancel()
            others = [each for each in (feed, callbacks) if each is not asyncio.current_task()]
            await asyncio.gather(*others, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
        self._feed.state = "closed"

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _follow(self, carrier: AsyncCarrier) -> None:
        steps = self._feed.run()
        action = next(steps)
        try:
            while True:
                action = steps.send(await carrier.perform(action))
                self._say()
                if self._feed.settled:
                    self._settled.set()
        finally:
            steps.close()
            await carrier.close()

    async def _tell(self) -> None:
        while True:
            closing = self._closing
            self._wake.clear()
            while (revised := self._current.notices.take()) is not None:
                for call in self._subscribers.calls(revised):
                    try:
                        result = call()
                        if inspect.isawaitable(result):
                            await result
                    except Exception as error:  # noqa: BLE001 - the others are called all the same
                        failed(error)
            await self._keep(closing=closing)
            if closing:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK):
                    await self._wake.wait()

    async def _keep(self, *, closing: bool) -> None:
        if self._keeper is not None and self._keeper.due(closing=closing):
            try:
                await asyncio.to_thread(self._keeper.save)
            except OSError as error:
                log.warning("the cache cannot be written: %s", error)
