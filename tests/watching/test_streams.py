"""What a stream is sent: in order, together, bounded; and a broadcast leaves room for others."""

import asyncio
from collections.abc import Iterator

import pytest

from central_config.core.ids import new_id
from central_config.watch.hub import QUEUE_LIMIT, Audience, Stream
from central_config.watch.hub import broadcast as module
from central_config.watch.hub.audience import WRITE_LIMIT, body_message
from central_config.watch.hub.broadcast import Broadcaster
from central_config.watch.model import Heard, Subject
from tests.watching.connection import QUEUE, Connection, settled

pytestmark = pytest.mark.anyio

# Connections that may be ahead of the server: two slices.
AT_A_TIME = 2 * 64


@pytest.fixture
def audience() -> Audience:
    return Audience(Subject(new_id(), new_id(), "", reveal=False), "w")


@pytest.fixture
def broadcaster() -> Iterator[Broadcaster]:
    found = Broadcaster()
    yield found
    found.close()


def joined(audience: Audience, connection: Connection, patience: float = 60) -> Stream:
    stream = Stream(connection.send, patience, audience)
    audience.join(stream)
    stream.begin(b"retry: 1000\n\n", asyncio.get_running_loop().time())
    return stream


def publish(audience: Audience, *revisions: int, size: int = 10) -> None:
    for revision in revisions:
        audience.append(Heard("change", revision, b"x" * size))


async def test_what_waits_together_leaves_in_one_write(
    audience: Audience, broadcaster: Broadcaster
) -> None:
    connection = Connection()
    joined(audience, connection)
    publish(audience, *range(1, 11))
    broadcaster.tell(audience)
    await settled()
    assert connection.ids == list(range(1, 11))
    assert connection.sends <= 1 + module.UNDER_WAY + 5, "an opening and one write, in pieces"


async def test_one_that_does_not_read_is_cut_and_nothing_grows_without_bound(
    audience: Audience, broadcaster: Broadcaster
) -> None:
    slow, swift = Connection(reads=False), Connection()
    stream = joined(audience, slow)
    joined(audience, swift)
    revision = 0
    while stream.open:
        revision += 1
        publish(audience, revision, size=1000)
        broadcaster.tell(audience)
        await settled()
        assert revision <= QUEUE + 1 + QUEUE_LIMIT + 1, "it should have been cut"
        assert len(audience.since(0)) <= QUEUE_LIMIT + 1
    assert slow.ended
    assert swift.ids == list(range(1, revision + 1))
    slow.read()
    slow.read()
    heard = slow.ids
    assert heard == list(range(1, len(heard) + 1)), "what it did hear has no gap to resume after"
    assert len(heard) < revision
    publish(audience, revision + 1)
    broadcaster.tell(audience)
    await settled()
    assert len(audience.since(0)) <= 1, "nobody waits for what was told"


async def test_one_that_reads_again_in_time_hears_everything_once(
    audience: Audience, broadcaster: Broadcaster
) -> None:
    connection = Connection(reads=False)
    stream = joined(audience, connection)
    for revision in range(1, 301):
        publish(audience, revision, size=WRITE_LIMIT // 16)
        broadcaster.tell(audience)
        await settled()
        if revision % 30 == 0:
            for _ in range(20):
                connection.read()
                await settled()
    for _ in range(50):
        connection.read()
        await settled()
    assert stream.open
    assert connection.ids == list(range(1, 301))


async def test_writes_are_bounded_in_size(audience: Audience, broadcaster: Broadcaster) -> None:
    sizes: list[int] = []
    connection = Connection(reads=False)
    joined(audience, connection)
    send = connection.send
    publish(audience, *range(1, 6))  # fills its queue
    broadcaster.tell(audience)
    await settled()
    connection.received = b""

    def noting(message: dict[str, bytes]) -> object:
        sizes.append(len(message["body"]))
        return send(message)

    other = Connection(reads=False)
    stream = joined(audience, other)
    stream._send = noting  # type: ignore[assignment]
    stream.busy = True
    publish(audience, *range(6, 26), size=WRITE_LIMIT // 3)
    stream.busy = False
    stream.flush(0)
    assert max(sizes) <= WRITE_LIMIT * 1.01 + 200


async def test_the_end_comes_after_what_was_to_be_told(
    audience: Audience, broadcaster: Broadcaster
) -> None:
    connection = Connection()
    joined(audience, connection)
    publish(audience, 1, 2)
    audience.close()
    assert connection.ids == [1, 2]
    assert connection.ended
    publish(audience, 3)
    broadcaster.tell(audience)
    await settled()
    assert connection.ids == [1, 2]


async def test_a_stream_that_has_not_begun_misses_nothing(
    audience: Audience, broadcaster: Broadcaster
) -> None:
    connection = Connection()
    stream = Stream(connection.send, 60, audience)
    audience.join(stream)
    publish(audience, 1, 2)
    broadcaster.tell(audience)
    await settled()
    assert connection.sends == 0
    stream.begin(b"retry: 1000\n\n", 0)
    assert connection.ids == [1, 2]


async def test_silence_is_broken_by_comments_and_only_silence(
    audience: Audience, broadcaster: Broadcaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TICK", 0.02)
    quiet, gone, slow = Connection(), Connection(), Connection(reads=False)
    loop = asyncio.get_running_loop()
    for connection in (quiet, gone, slow):
        broadcaster.watch_over(joined(audience, connection, patience=0.2), loop.time())
    audience.leave(next(each for each in audience.streams if each._send == gone.send))
    lively = Audience(audience.subject, "other")
    told = Connection()
    broadcaster.watch_over(joined(lively, told, patience=0.2), loop.time())
    until = loop.time() + 1.1
    revision = 0
    while loop.time() < until:
        revision += 1
        publish(lively, revision)
        broadcaster.tell(lively)
        await asyncio.sleep(0.05)
    assert 3 <= quiet.received.count(b": alive") <= 6
    assert b": alive" not in gone.received
    assert b": alive" not in told.received
    assert slow.sends <= QUEUE + 1, "comments pile up for one that does not read"


async def test_a_broadcast_waits_for_the_server_instead_of_filling_its_queue(
    audience: Audience, broadcaster: Broadcaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MARK_LIMIT", 60)
    connections = [Connection(reads=False) for _ in range(1000)]
    for connection in connections:
        joined(audience, connection)
        connection.read()
    publish(audience, 1)
    broadcaster.tell(audience)
    told = 0
    for _ in range(1000):
        await settled()
        now = sum(1 for each in connections if each.sends > 1)
        assert now - told <= AT_A_TIME, "more was handed over than the server took"
        told = now
        for connection in connections:
            connection.read()
        if told == len(connections):
            break
    await settled()
    for connection in connections:
        connection.read()
        connection.read()
    assert all(connection.ids == [1] for connection in connections)


async def test_what_comes_during_a_broadcast_reaches_those_who_were_told_already(
    audience: Audience, broadcaster: Broadcaster
) -> None:
    connections = [Connection(reads=False) for _ in range(300)]
    for connection in connections:
        joined(audience, connection)
        connection.read()
    publish(audience, 1)
    broadcaster.tell(audience)
    await settled()
    assert 0 < sum(1 for each in connections if each.sends > 1) <= AT_A_TIME
    publish(audience, 2)
    broadcaster.tell(audience)
    for _ in range(50):
        await settled()
        for connection in connections:
            connection.read()
    assert all(connection.ids == [1, 2] for connection in connections)


async def test_a_mark_in_a_queue_that_holds_something_loses_nothing(
    audience: Audience, broadcaster: Broadcaster
) -> None:
    for _ in range(63):  # the mark is on the last of a slice
        joined(audience, Connection())
    for held in range(QUEUE + 1):
        connection = Connection(reads=False)
        stream = joined(audience, connection)
        connection.read()
        for _ in range(held):
            stream._hand(body_message(b": x\n\n"))
        publish(audience, held)
        broadcaster.tell(audience)
        for _ in range(3):
            await settled()
            connection.read()
        assert connection.ids == [held]
        audience.leave(stream)


async def test_connections_that_do_not_read_do_not_hold_a_broadcast_up(
    audience: Audience, broadcaster: Broadcaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MARK_LIMIT", 0.001)
    connections = [Connection(reads=number % 2 == 0) for number in range(600)]
    for connection in connections:
        joined(audience, connection)
    publish(audience, 1)
    broadcaster.tell(audience)
    await asyncio.sleep(0.3)
    assert all(connection.ids == [1] for connection in connections if connection.reads)
