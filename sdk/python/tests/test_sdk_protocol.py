"""The conversation with the server, without a server: what is asked next, and when."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from central_config_client.callbacks import Notices, Revised
from central_config_client.current import Current
from central_config_client.feed import (
    Action,
    Chunk,
    End,
    Feed,
    Head,
    Lost,
    Receive,
    Reply,
    Send,
    Wait,
    Woken,
)
from central_config_client.options import Settings
from central_config_client.pace import Backoff, Ladder
from central_config_client.snapshot import ABSENT, Change
from central_config_client.sse import Parser, TooLargeError


class Talk:
    """A feed, the replies of a test, and a clock that the test moves."""

    def __init__(self, **settings: Any) -> None:
        self.now = 1000.0
        self.current = Current(lambda: self.now)
        self.feed = Feed(
            self.current, ("shop", "prod"), Settings(url="http://x", **settings), lambda: 1.0
        )
        self.steps = self.feed.run()
        self.action: Action = next(self.steps)

    def reply(self, reply: Reply) -> Action:
        self.action = self.steps.send(reply)
        return self.action

    def answer(self, status: int, document: Any, **headers: str) -> Action:
        named = {name.replace("_", "-"): each for name, each in headers.items()}
        assert isinstance(self.action, Send)
        self.reply(Head(status, named))
        self.reply(Chunk(json.dumps(document).encode()))
        return self.reply(End())

    def read(self, revision: int, **values: Any) -> Action:
        return self.answer(200, {"revision": revision, "values": values})

    def open(self) -> Action:
        return self.reply(Head(200, {"content-type": "text/event-stream"}))

    def hear(self, kind: str, revision: int, **data: Any) -> Action:
        text = json.dumps({"revision": revision, **data})
        return self.reply(Chunk(f"event: {kind}\nid: {revision}\ndata: {text}\n\n".encode()))

    def asked(self) -> tuple[str, dict[str, str], dict[str, str]]:
        assert isinstance(self.action, Send), self.action
        request = self.action.request
        return request.path, dict(request.params), dict(request.headers)


def changed(key: str, value: Any) -> list[dict[str, Any]]:
    return [{"key": key, "value": value, "status": "active"}]


def test_it_reads_then_streams_from_there() -> None:
    talk = Talk(prefix="app/")
    assert talk.asked() == ("/config/shop/prod", {"prefix": "app/"}, {})
    talk.read(7, a=1)
    path, params, headers = talk.asked()
    assert (path, params) == ("/watch/shop/prod", {"prefix": "app/"})
    assert headers["last-event-id"] == "7"
    talk.open()
    talk.hear("change", 9, changes=changed("a", 2))
    assert talk.current.values == {"a": 2}
    assert talk.reply(End()) == Wait(1.0)
    talk.reply(Woken())
    assert talk.asked()[2]["last-event-id"] == "9"


def test_a_snapshot_that_was_taken_stays_as_it_is() -> None:
    talk = Talk()
    talk.read(7, a=1)
    before = talk.current.snapshot
    talk.open()
    talk.hear("change", 8, changes=[{"key": "a", "removed": True}, *changed("b", 2)])
    assert before.values == {"a": 1}
    assert talk.current.values == {"b": 2}
    told = (Change("a", 1, ABSENT), Change("b", ABSENT, 2))
    assert talk.current.notices.take() == Revised(8, told, 1)


def test_a_snapshot_replaces_everything_also_an_older_one() -> None:
    talk = Talk()
    talk.read(7, a=1, b=1)
    talk.open()
    talk.hear("snapshot", 3, values={"a": 1, "c": True}, deprecated=["c"], masked=[])
    assert talk.current.snapshot.revision == 3
    assert talk.current.values == {"a": 1, "c": True}
    assert talk.current.snapshot.deprecated == {"c"}
    told = talk.current.notices.take()
    assert told == Revised(3, (Change("b", 1, ABSENT), Change("c", ABSENT, True)), 1)


@pytest.mark.parametrize("revision", [6, 7])
def test_a_change_of_the_past_leads_to_a_new_reading(revision: int) -> None:
    talk = Talk()
    talk.read(7, a=1)
    talk.open()
    assert isinstance(talk.hear("change", revision, changes=changed("a", 2)), Wait)
    assert talk.current.values == {"a": 1}
    talk.reply(Woken())
    assert talk.asked() == ("/config/shop/prod", {}, {})
    # Another replica may lag: only the database is believed when it goes back.
    talk.read(6, a=3)
    assert talk.asked() == ("/config/shop/prod", {"consistent": "true"}, {})
    talk.read(6, a=3)
    assert (talk.current.snapshot.revision, dict(talk.current.values)) == (6, {"a": 3})
    assert talk.asked()[2]["last-event-id"] == "6"


def test_nonsense_leads_to_a_new_reading() -> None:
    deep = b"event: change\ndata: " + b"[" * 100_000 + b"\n\n"
    for data in (b"event: change\ndata: {\n\n", b"event: change\ndata: {}\n\n", deep):
        talk = Talk()
        talk.read(7)
        talk.open()
        assert isinstance(talk.reply(Chunk(data)), Wait)
        talk.reply(Woken())
        assert talk.asked()[0] == "/config/shop/prod"


def test_retry_after_is_honoured() -> None:
    talk = Talk()
    action = talk.answer(503, {"code": "not-ready", "detail": "d"}, retry_after="20")
    assert action == Wait(24.0)
    assert talk.feed.state == "retrying"
    talk.reply(Woken())
    assert talk.answer(429, {"code": "too-many-requests"}, retry_after="1") == Wait(1.2)


def test_a_refusal_is_a_state_and_does_not_end_it() -> None:
    talk = Talk()
    talk.read(7, a=1)
    talk.answer(401, {"code": "invalid-credentials", "detail": "d"})
    assert (talk.feed.state, talk.current.values) == ("refused", {"a": 1})
    assert talk.action == Wait(2.0)
    talk.reply(Woken())
    # Another key may be given other values: everything is read anew.
    assert talk.asked() == ("/config/shop/prod", {}, {})
    talk.read(7, a=1, b=2)
    assert (talk.feed.state, talk.feed.error) == ("live", None)
    assert talk.current.values == {"a": 1, "b": 2}


def silent() -> Lost:
    return Lost(TimeoutError("silence"), silent=True)


def test_a_silent_stream_falls_to_long_polls_and_comes_back() -> None:
    talk = Talk(patience=30)
    talk.read(7)
    talk.open()
    talk.now += 40
    assert isinstance(talk.reply(silent()), Wait)
    talk.reply(Woken())
    path, params, headers = talk.asked()
    assert (path, params) == ("/watch/shop/prod", {"prefix": "", "revision": "7", "wait": "0"})
    assert headers == {"accept": "application/json"}
    talk.answer(200, {"revision": 7, "events": []})
    assert talk.asked()[1]["wait"] == "30"
    event = {"event": "change", "revision": 8, "changes": changed("a", 1)}
    talk.answer(200, {"revision": 9, "events": [event]})
    assert talk.current.snapshot.revision == 9
    talk.now += 31
    talk.answer(200, {"revision": 9, "events": []})
    assert talk.asked()[2]["last-event-id"] == "9"
    # In vain: the next attempt comes later.
    talk.open()
    talk.now += 40
    talk.reply(silent())
    talk.reply(Woken())
    talk.answer(200, {"revision": 9, "events": []})
    talk.now += 31
    talk.answer(200, {"revision": 9, "events": []})
    assert "wait" in talk.asked()[1]
    talk.now += 31
    talk.answer(200, {"revision": 9, "events": []})
    talk.open()
    talk.now += 15
    talk.reply(Chunk(b": alive\n\n"))
    assert talk.feed.status().way == "stream"
    talk.reply(End())
    talk.reply(Woken())
    assert "last-event-id" in talk.asked()[2]


def test_where_not_even_long_polls_pass_it_reads_with_etags() -> None:
    talk = Talk(read_interval=10)
    talk.read(7, a=1)
    for _ in range(2):
        talk.reply(Lost(ConnectionError()))
        talk.reply(Woken())
    for _ in range(2):
        assert "wait" in talk.asked()[1]
        talk.reply(Lost(ConnectionError()))
        talk.reply(Woken())
    assert talk.asked() == ("/config/shop/prod", {}, {"if-none-match": '"7"'})
    talk.reply(Head(304, {"config-age": "2.5"}))
    assert talk.reply(End()) == Wait(10)
    assert talk.current.age == 2.5
    talk.reply(Woken())
    talk.read(8, a=2)
    assert talk.current.values == {"a": 2}


def test_a_server_that_is_down_is_no_blocked_stream() -> None:
    talk = Talk(max_backoff=8)
    talk.read(7)
    waits = []
    for _ in range(8):
        action = talk.reply(Lost(ConnectionRefusedError(), connected=False))
        assert isinstance(action, Wait)
        waits.append(action.seconds)
        talk.reply(Woken())
        assert "last-event-id" in talk.asked()[2]
    assert waits == [0.5, 1, 2, 4, 8, 8, 8, 8]


def test_a_server_that_dies_under_a_stream_is_no_blocked_stream() -> None:
    talk = Talk()
    talk.read(7)
    for _ in range(5):
        talk.open()
        talk.reply(Chunk(b"retry: 1000\n\n"))
        assert isinstance(talk.reply(Lost(ConnectionResetError())), Wait)
        talk.reply(Woken())
        assert "last-event-id" in talk.asked()[2]


def test_a_stream_that_falls_silent_again_and_again_is_given_up() -> None:
    talk = Talk()
    talk.read(7)
    for _ in range(2):
        talk.open()
        talk.reply(Chunk(b"retry: 1000\n\n"))
        talk.now += 40
        talk.reply(silent())
        talk.reply(Woken())
    assert "wait" in talk.asked()[1]


def test_waits_have_chance_in_them() -> None:
    waits = {Backoff(10).failed() for _ in range(20)}
    assert len(waits) > 10
    assert all(0.25 <= each <= 0.5 for each in waits)


def test_a_stream_that_works_forgives() -> None:
    ladder = Ladder(30, lambda: 1.0)
    for _ in range(5):
        ladder.blocked("stream")
        ladder.proven("stream")
    assert ladder.choose() == "stream"


EVENTS = some.lists(
    some.tuples(
        some.sampled_from(["change", "snapshot"]), some.text(some.characters(codec="utf-8"))
    )
)


@settings(deadline=None)
@given(EVENTS, some.data(), some.sampled_from(["\n", "\r\n"]))
def test_events_come_whole_however_they_are_cut(
    events: list[tuple[str, str]], data: Any, end: str
) -> None:
    events = [(kind, json.dumps(text)) for kind, text in events]
    lines = [": alive", "", "retry: 1500", ""]
    for kind, text in events:
        lines += [f"event: {kind}", "id: 1", f"data: {text}", ""]
    whole = "".join(line + end for line in lines).encode()
    parser, heard = Parser(), []
    while whole:
        size = data.draw(some.integers(1, len(whole)))
        heard += parser.feed(whole[:size])
        whole = whole[size:]
    assert heard == events
    assert parser.retry == 1.5


def test_an_event_without_an_end_is_refused() -> None:
    parser = Parser(largest=100)
    for _ in range(10):
        assert list(parser.feed(b"data: 6789")) == []
    with pytest.raises(TooLargeError):
        list(parser.feed(b"data: 6789"))


CHANGES = some.lists(
    some.dictionaries(some.sampled_from("abc"), some.integers(0, 2), min_size=1), min_size=1
)


@settings(deadline=None)
@given(CHANGES, some.integers(1, 5))
def test_notices_are_bounded_and_tell_the_whole_way(
    steps: list[dict[str, int]], limit: int
) -> None:
    notices = Notices(limit)
    held: dict[str, Any] = {}
    for revision, step in enumerate(steps, 1):
        told = [Change(key, held.get(key, ABSENT), new) for key, new in step.items()]
        held.update(step)
        notices.put(Revised(revision, tuple(told)))
    taken = list(taking(notices.take))
    assert len(taken) <= limit
    seen: dict[str, Any] = {}
    for revised in taken:
        for key, old, new in revised.changes:
            assert seen.get(key, ABSENT) == old
            seen[key] = new
    assert seen == held
    assert taken[-1].revision == len(steps)


def taking(take: Callable[[], Revised | None]) -> Iterator[Revised]:
    while (revised := take()) is not None:
        yield revised


def test_replies_out_of_turn_are_no_reason_to_end() -> None:
    talk = Talk()
    assert isinstance(talk.reply(End()), Wait)
    talk.reply(Woken())
    assert isinstance(talk.action, Send)
    assert talk.reply(Head(200, {})) == Receive()
