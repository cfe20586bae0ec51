"""Following an environment: a stream of events that survives restarts of the server."""

import random
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from central_config.cli.client import Client
from central_config.cli.errors import UNREACHABLE, CliError, ProblemError
from central_config.cli.output import say

# The server says something at least every 15 s; three times that in silence is a dead connection.
SILENCE = 45.0
TOO_MANY = 429
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0


class Event(NamedTuple):
    """`kind` is `change` (what changed) or `snapshot` (all there is; forget what was known)."""

    kind: str
    revision: int
    data: dict[str, Any]


def follow(client: Client, path: str, prefix: str, since: int | None) -> Iterator[Event]:
    """Yield events for ever; come back with the last revision when the connection is lost.

    Raises:
        CliError: the server refuses, e.g. because the key was revoked.
    """
    failures = 0
    while True:
        try:
            for event in _stream(client, path, prefix, since):
                if event is not None:
                    since = event.revision
                    yield event
                elif failures:
                    failures = 0
                    say("connected again")
            reason = "the server closed the stream"
        except CliError as error:
            busy = isinstance(error, ProblemError) and error.status == TOO_MANY
            if error.code != UNREACHABLE and not busy:
                raise
            reason = error.message
        wait = pause_after(failures)
        failures += 1
        say(f"{reason}; coming back in {wait:.1f} s")
        time.sleep(wait)


def pause_after(failures: int) -> float:
    """Return seconds to wait before the next try: doubling, and never the same for two clients."""
    ceiling = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures, 10))
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - spreads load, hides nothing


def _stream(client: Client, path: str, prefix: str, since: int | None) -> Iterator[Event | None]:
    """Yield None once the stream is open, then its events."""
    import httpx2  # noqa: PLC0415 - see `client`

    headers = {"Accept": "text/event-stream"}
    if since is not None:
        headers["Last-Event-ID"] = str(since)
    params = {"prefix": prefix, "revision": since}
    with client.stream(
        "GET", path, params=params, headers=headers, read_timeout=SILENCE
    ) as response:
        yield None
        # A snapshot may be as large as an environment is.
        for event in httpx2.EventSource(response, max_event_size=None):
            if event.event in {"change", "snapshot"} and event.id.isdigit():
                yield Event(event.event, int(event.id), msgspec.json.decode(event.data))
