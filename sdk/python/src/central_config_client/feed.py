"""How a configuration is kept fresh, as a conversation without any input or output.

`Feed.run()` is a generator: it yields what is to be done next and is sent what came of it. A thread
and a blocking client carry that out in `config`, a task and an asynchronous client in `aio`.

It reads the environment once, then follows: by a stream, else by long polls, else by reads.
Whatever happens, it goes on: what is shown stays, and the next attempt comes.
"""

import json
from collections.abc import Callable, Generator, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias, TypeVar

from central_config_client.cache import Cached
from central_config_client.current import Current, Source
from central_config_client.errors import CentralConfigError, ProblemError, UnavailableError
from central_config_client.options import Settings
from central_config_client.pace import STRIKES, Backoff, Ladder, Way
from central_config_client.snapshot import JSON, after, from_document
from central_config_client.sse import LARGEST_EVENT, Parser, TooLargeError
from central_config_client.wire import Answer, Request, checked, path, problem

EVENT_STREAM: Final = "text/event-stream"
# A stream that still speaks after so long is no proxy's first burst (seconds).
PROOF = 5.0
# An empty answer to a long poll should take long (seconds).
SHORTEST_POLL = 1.0
# How much slower one asks who was refused.
REFUSED_SLOWER = 4
_OK, _NOT_MODIFIED, _TIMEOUT, _TOO_MANY, _SERVER = 200, 304, 408, 429, 500

State = Literal["starting", "live", "retrying", "refused", "closed"]
T = TypeVar("T")


class Send(NamedTuple):
    """Send a request, without waiting for the body: reply `Head`."""

    request: Request


class Receive(NamedTuple):
    """Receive more of the body: reply `Chunk` or `End`."""


class Wait(NamedTuple):
    """Let time pass: reply `Woken`."""

    seconds: float


class Head(NamedTuple):
    """The beginning of an answer. The names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]


class Chunk(NamedTuple):
    """Some of the body."""

    data: bytes


class End(NamedTuple):
    """The body is complete."""


class Lost(NamedTuple):
    """Instead of any other reply: it broke.

    `connected`: somebody was there. `silent`: and said nothing for too long.
    """

    error: Exception
    connected: bool = True
    silent: bool = False


class Woken(NamedTuple):
    """Time has passed."""


Action: TypeAlias = Send | Receive | Wait
Reply: TypeAlias = Head | Chunk | End | Lost | Woken
Steps: TypeAlias = Generator[Action, Reply, T]


class Status(NamedTuple):
    """How following goes.

    Args:
        state: `live`; `retrying` where the server cannot be reached; `refused` where it does not
            want us (any more), as after the key was revoked. Values are still served then.
        way: how changes come: `stream`, `poll` or `read`; None before the first.
        source: where what is shown came from.
        revision: what is shown.
        age: seconds since the server confirmed it.
        error: what is in the way at the moment.
    """

    state: State
    way: Way | None
    source: Source | None
    revision: int
    age: float
    error: Exception | None


class _BrokenError(Exception):
    """A way came to an end. `strikes` says how much that looks as if it were blocked."""

    def __init__(self, lost: Lost, strikes: int = 1) -> None:
        super().__init__(repr(lost.error))
        self.lost = lost
        self.strikes = strikes


class _NonsenseError(Exception):
    """The answers contradict what is known; it is to be read anew."""


class Feed:
    """Keeps `current` equal to what an environment serves.

    Args:
        current: what is shown.
        place: workspace and environment.
        settings: how.
        chance: returns numbers from 0 to 1.
    """

    def __init__(
        self,
        current: Current,
        place: tuple[str, str],
        settings: Settings,
        chance: Callable[[], float] | None = None,
    ) -> None:
        self.error: CentralConfigError | None = None
        self.state: State = "starting"
        self.way: Way | None = None
        self._current = current
        self._settings = settings
        self._config, self._watch = path("config", *place), path("watch", *place)
        self._backoff = (
            Backoff(settings.max_backoff)
            if chance is None
            else Backoff(settings.max_backoff, chance)
        )
        self._ladder = Ladder(settings.patience, current.clock)
        self._synced = False
        self._cached: tuple[Cached, float] | None = None

    @property
    def settled(self) -> bool:
        """Whether the beginning is over: something can be shown, or the server refused."""
        return self._current.source is not None or self.state == "refused"

    def status(self) -> Status:
        """Return how it goes."""
        now = self._current
        return Status(self.state, self.way, now.source, now.snapshot.revision, now.age, self.error)

    def remember(self, cached: Cached) -> None:
        """Take what may be shown if the server cannot be reached at first."""
        self._cached = cached, self._current.clock()

    def fall_back(self) -> None:
        """Show the cache, if nothing is shown yet and there is one."""
        if self._cached is not None:
            (snapshot, age), since = self._cached
            self._current.offer(snapshot, age + self._current.clock() - since)

    def run(self) -> Steps[None]:
        """Follow for ever."""
        while True:
            pause = yield from self._turn()
            if pause > 0:
                yield Wait(pause)

    def _turn(self) -> Steps[float]:
        """Go one way until it ends; return the seconds to wait then."""
        way: Way = self._ladder.choose() if self._synced else "read"
        try:
            if way == "stream":
                return (yield from self._stream())
            if way == "poll":
                return (yield from self._poll())
            return (yield from self._read())
        except _BrokenError as error:
            return self._broken(way, error)
        except ProblemError as error:
            return self._refused(way, error)
        except Exception as error:  # noqa: BLE001 - nonsense, of whatever kind: read it anew
            self._synced = False
            return self._broken(way, _BrokenError(Lost(error)))

    def _read(self) -> Steps[float]:
        synced, known = self._synced, self._current.snapshot.revision
        headers = {"if-none-match": f'"{known}"'} if synced else {}
        answer = yield from self._ask(self._reading(headers))
        if answer.status != _NOT_MODIFIED:
            snapshot = from_document(checked(answer).document())
            if snapshot.revision < known:
                # A replica that lags, or a server that was restored: the database knows.
                answer = yield from self._ask(self._reading({}, consistent=True))
                snapshot = from_document(checked(answer).document())
            self._current.show(snapshot)
        self._synced = True
        self._works("read", age=float(answer.headers.get("config-age", 0)))
        return self._settings.read_interval if synced else 0.0

    def _reading(self, headers: Mapping[str, str], *, consistent: bool = False) -> Request:
        params = [("prefix", self._settings.prefix)] if self._settings.prefix else []
        params += [("consistent", "true")] if consistent else []
        return Request("GET", self._config, params, headers)

    def _poll(self) -> Steps[float]:
        began = self._current.clock()
        known = self._current.snapshot.revision
        # The first one is answered at once: it shows whether this way is open.
        works = self.state == "live" and self.way == "poll"
        wait = min(self._settings.poll_wait, max(1.0, self._ladder.left())) if works else 0.0
        params = [
            ("prefix", self._settings.prefix),
            ("revision", str(known)),
            ("wait", f"{wait:.3g}"),
        ]
        patience = wait + self._settings.timeout
        answer = yield from self._ask(
            Request("GET", self._watch, params, {"accept": "application/json"}, None, patience)
        )
        document = checked(answer).document()
        events = document["events"]
        for event in events:
            self._take(event["event"], event)
        if document["revision"] < self._current.snapshot.revision:
            raise _NonsenseError("the revision went back")
        self._current.advance(document["revision"])
        self._works("poll", proven=True)
        took = self._current.clock() - began
        return 0.0 if events or not works or took > SHORTEST_POLL else SHORTEST_POLL

    def _stream(self) -> Steps[float]:
        known = self._current.snapshot.revision
        headers = {
            "accept": EVENT_STREAM,
            "accept-encoding": "identity",
            "cache-control": "no-store",
            "last-event-id": str(known),
        }
        params = [("prefix", self._settings.prefix)]
        silence = self._settings.silence
        head = yield from self._send(Request("GET", self._watch, params, headers, None, silence))
        if head.status != _OK:
            raise problem(Answer(head.status, head.headers, (yield from self._rest())))
        if EVENT_STREAM not in head.headers.get("content-type", ""):
            raise _BrokenError(Lost(UnavailableError("the answer is no stream")), STRIKES)
        return (yield from self._listen())

    def _listen(self) -> Steps[float]:
        parser, opened, heard = Parser(), self._current.clock(), False
        proof = min(PROOF, self._settings.silence / 4)
        while True:
            reply = yield Receive()
            if isinstance(reply, Chunk):
                heard = True
                for event in parser.feed(reply.data):
                    self._take(event.kind, json.loads(event.data))
                self._works("stream", proven=self._current.clock() - opened > proof)
            elif isinstance(reply, End) and heard:
                self.state = "retrying"
                return self._backoff.soon(1.0 if parser.retry is None else parser.retry)
            else:
                lost = _lost(reply)
                # A server that died under a stream blocks nothing; what swallows all of it does.
                raise _BrokenError(lost, lost.silent + (not heard))

    def _take(self, kind: str, document: JSON) -> None:
        """Show what an event says."""
        if kind == "snapshot":
            self._current.show(from_document(document))
        elif kind == "change":
            known = self._current.snapshot
            if document["revision"] <= known.revision:
                raise _NonsenseError("the revision went back")
            keys = [member["key"] for member in document["changes"]]
            self._current.show(after(known, document), keys=keys)

    def _ask(self, request: Request) -> Steps[Answer]:
        head = yield from self._send(request)
        return Answer(head.status, head.headers, (yield from self._rest()))

    def _send(self, request: Request) -> Steps[Head]:
        reply = yield Send(request)
        if not isinstance(reply, Head):
            raise _BrokenError(_lost(reply))
        return reply

    def _rest(self) -> Steps[bytes]:
        body = bytearray()
        while isinstance(reply := (yield Receive()), Chunk):
            body += reply.data
            if len(body) > LARGEST_EVENT:
                raise TooLargeError
        if not isinstance(reply, End):
            raise _BrokenError(_lost(reply))
        return bytes(body)

    def _works(self, way: Way, *, age: float = 0.0, proven: bool = False) -> None:
        self.state, self.error, self.way = "live", None, way
        self._current.confirm(age)
        self._backoff.succeeded()
        if proven:
            self._ladder.proven(way)

    def _broken(self, way: Way, error: _BrokenError) -> float:
        lost = error.lost
        self.state = "retrying"
        self.error = UnavailableError(f"{type(lost.error).__name__}: {lost.error}")
        self.error.__cause__ = lost.error
        if lost.connected and self._synced:
            self._ladder.blocked(way, error.strikes)
        self.fall_back()
        return self._backoff.failed()

    def _refused(self, way: Way, error: ProblemError) -> float:
        self.error = error
        pause = self._backoff.failed(error.retry_after)
        blocked = self._synced and error.code == ProblemError.code
        if blocked:
            # Not the service's words: something between us and it does not let this way pass.
            self._ladder.blocked(way)
        if blocked or error.status >= _SERVER or error.status in {_TIMEOUT, _TOO_MANY}:
            self.state = "retrying"
            self.fall_back()
            return pause
        self.state = "refused"
        # Should it have us again, as with another key, then perhaps with other values.
        self._synced = False
        return pause * REFUSED_SLOWER


def _lost(reply: Reply) -> Lost:
    """Return why there is no other reply."""
    if isinstance(reply, Lost):
        return reply
    return Lost(UnavailableError("the connection ended too early"))
