"""A configuration that keeps itself fresh in a thread."""

import inspect
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, Self, Unpack

import httpx2

from central_config_client.callbacks import failed
from central_config_client.client import Client
from central_config_client.feed import Action, Chunk, End, Reply, Send, Wait, Woken
from central_config_client.followed import Followed, log
from central_config_client.options import Connection, Options
from central_config_client.transport import arguments, head_of, lost_by, prepared

# How often the thread for callbacks looks after the cache (s).
TICK = 1.0
# How long `close` waits for a thread (s).
PATIENCE = 5.0


class Carrier:
    """Carries out what a feed asks for, with a connection of its own."""

    def __init__(self, connection: Connection) -> None:
        self.stopped: Final = threading.Event()
        self._connection = connection
        self._http = httpx2.Client(**arguments(connection))
        self._response: httpx2.Response | None = None
        self._chunks: Iterator[bytes] = iter(())
        self._network: Any = None

    def perform(self, action: Action) -> Reply:
        """Do one thing; never raises."""
        try:
            if isinstance(action, Send):
                return self._send(action)
            if isinstance(action, Wait):
                self._finish()
                self.stopped.wait(action.seconds)
                return Woken()
            data = next(self._chunks, None)
            return End() if data is None else Chunk(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, following goes on
            self._finish()
            return lost_by(error)

    def _send(self, action: Send) -> Reply:
        self._finish()
        request = prepared(self._http, self._connection, action.request, trace=self._traced)
        self._response = self._http.send(request, stream=True)
        self._chunks = self._response.iter_bytes()
        return head_of(self._response)

    def _finish(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            with suppress(Exception):
                response.close()

    def _traced(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._network = info["return_value"]

    def interrupt(self) -> None:
        """End the connection under a thread that waits for it."""
        self.stopped.set()
        with suppress(Exception):
            connection = self._network.get_extra_info("socket")
            # Not the method of a TLS socket: it would take away what the other thread reads with.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, from the thread that used it."""
        self._finish()
        with suppress(Exception):
            self._http.close()


class Config(Followed):
    """An environment's configuration as a mapping that is always fresh; see `View` for reading.

    `with Config("shop", "prod") as config:` reads it, follows it in a daemon thread, and calls
    back from a second one. Safe to use from any thread. After a fork the child has it as it was
    then and is told nothing more: start it in the child.
    """

    def __init__(self, workspace: str, environment: str, **options: Unpack[Options]) -> None:
        super().__init__(workspace, environment, **options)
        self._settled = threading.Event()
        self._wake = threading.Event()
        self._carrier: Carrier | None = None
        self._threads: list[threading.Thread] = []
        self._client: Client | None = None
        self._process = os.getpid()

    @property
    def client(self) -> Client:
        """The API at the same address with the same key, for writing."""
        if self._client is None:
            taken = self._settings
            self._client = Client(
                url=taken.url,
                api_key=taken.api_key,
                timeout=taken.timeout,
                connect_timeout=taken.connect_timeout,
                http=taken.http,
            )
        return self._client

    def start(self) -> Self:
        """Begin; return when there is something to read.

        Raises:
            ProblemError: the server refused.
            UnavailableError: it did not answer in time, and there is no cache.
            CacheError: nor can the cache be used.
            StaleError: nor is it new enough.
            ValueError: no address or no key is given.
        """
        if self._threads:
            raise RuntimeError("it was started already")
        self._prepare()
        self._process = os.getpid()
        self._carrier = carrier = Carrier(self._settings)
        self._current.notices.wake = self._wake.set
        for name, target in (("feed", self._follow), ("callbacks", self._tell)):
            thread = threading.Thread(
                target=target, args=(carrier,), name=f"central-config-{name}", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        self._settled.wait(self._settings.start_timeout)
        try:
            self._check_start()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Stop following; callbacks that wait are called first. What is known stays readable."""
        carrier, self._carrier = self._carrier, None
        # The connection of a parent process is not ours to end.
        if carrier is not None and self._process == os.getpid():
            carrier.interrupt()
            self._wake.set()
            for thread in self._threads:
                if thread is not threading.current_thread():
                    thread.join(PATIENCE)
        if self._client is not None:
            self._client.close()
        self._feed.state = "closed"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _follow(self, carrier: Carrier) -> None:
        steps = self._feed.run()
        action = next(steps)
        while not carrier.stopped.is_set():
            reply = carrier.perform(action)
            if carrier.stopped.is_set():
                break
            action = steps.send(reply)
            self._say()
            if self._feed.settled:
                self._settled.set()
        steps.close()
        carrier.close()

    def _tell(self, carrier: Carrier) -> None:
        while True:
            closing = carrier.stopped.is_set()
            self._wake.clear()
            while (revised := self._current.notices.take()) is not None:
                for call in self._subscribers.calls(revised):
                    try:
                        _finished(call())
                    except Exception as error:  # noqa: BLE001 - the others are called all the same
                        failed(error)
            self._keep(closing=closing)
            if closing:
                return
            self._wake.wait(TICK)

    def _keep(self, *, closing: bool) -> None:
        if self._keeper is not None and self._keeper.due(closing=closing):
            try:
                self._keeper.save()
            except OSError as error:
                log.warning("the cache cannot be written: %s", error)


def _finished(result: object) -> None:
    if inspect.iscoroutine(result):
        result.close()
        raise TypeError("this callback is a coroutine function: use AsyncConfig")
