"""What a watch promises: each promise by name, over real streams and polls."""

import contextlib
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from tests.properties.listening import Stream, changed, hang_up
from tests.support.api import ApiProcess, Client, Workspace
from tests.support.running import RunningApi

REVOKED_WITHIN = 5.0  # seconds
HEARTBEAT_WITHIN = 25.0  # seconds: a comment after 15 seconds of silence, looked for every 4


@pytest.fixture(scope="module")
def quiet(admin: Client) -> Iterator[Stream]:
    """A watch of something that never changes, open since the first test that needs it."""
    stream = Stream(admin, Workspace(admin).place("prod"), 0)
    Stream.alive.remove(stream)
    yield stream
    stream.close()


@pytest.fixture(autouse=True)
def _streams(quiet: Stream) -> Iterator[None]:
    """The silence begins with the first test; other streams end with theirs."""
    del quiet
    yield
    hang_up()


class Key(NamedTuple):
    """What a stream needs of a client."""

    base: str
    token: str


def key(workspace: Workspace, **scope: Any) -> Key:
    return Key(workspace.admin.base, workspace.key(**scope))


def write(workspace: Workspace, environment: str, name: str, value: Any, **more: Any) -> int:
    place = workspace.place(environment, name)
    return int(workspace.admin.put(place, value, **more)["revision"])


def publish(workspace: Workspace, edits: list[dict[str, Any]]) -> int:
    body = {"message": "m", "edits": edits, "action": "publish"}
    return int(workspace.admin.ok("POST", f"{workspace.path}/changes", json=body)["revision"])


def edit(environment: str, name: str, value: Any) -> dict[str, Any]:
    return {"environment": environment, "key": name, "action": "set", "value": value}


def write_from_threads(workspace: Workspace, count: int, threads: int = 4) -> dict[int, Any]:
    """Write `count` values of different keys of base; return them by revision."""
    acknowledged: dict[int, Any] = {}

    def some(thread: int) -> None:
        client = Client(workspace.admin.base, workspace.admin.token)
        for number in range(count // threads):
            name, value = f"t{thread}/k{number % 7}", f"{thread}-{number}"
            answer = client.put(workspace.place("base", name), value)
            acknowledged[answer["revision"]] = {name: value}
        client.close()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(some, range(threads)))
    assert len(acknowledged) == count // threads * threads, "two writes got one revision"
    return acknowledged


def test_a_watch_without_a_revision_begins_with_a_snapshot(workspace: Workspace) -> None:
    revision = write(workspace, "base", "a", 1)
    stream = Stream(workspace.admin, workspace.place("prod"))
    first = stream.reached(revision)[0]
    assert (first.kind, first.revision, first.data["values"]) == ("snapshot", revision, {"a": 1})


def test_ordered_unique_and_reliable_under_concurrent_writers(workspace: Workspace) -> None:
    start = workspace.revision()
    streams = [
        Stream(workspace.admin, workspace.place(slug), start) for slug in ("base", "prod", "prod")
    ]
    acknowledged = write_from_threads(workspace, 120)
    for stream in streams:
        heard = stream.reached(max(acknowledged))
        assert [event.revision for event in heard] == sorted(acknowledged)
        assert {event.revision: changed(event) for event in heard} == acknowledged


def test_nothing_is_lost_or_repeated_by_a_client_that_keeps_reconnecting(
    workspace: Workspace,
) -> None:
    start = workspace.revision()
    heard: list[Any] = []
    done, last = threading.Event(), [10**9]

    def restless() -> None:
        dice, since = random.Random(7), start  # noqa: S311 - a test's dice
        while since < last[0]:
            stream = Stream(workspace.admin, workspace.place("prod"), since)
            time.sleep(dice.random() * 0.1)
            stream.close()
            taken = list(stream.events)
            heard.extend(taken)
            since = taken[-1].revision if taken else since
        done.set()

    threading.Thread(target=restless, daemon=True).start()
    acknowledged = write_from_threads(workspace, 120)
    last[0] = max(acknowledged)
    assert done.wait(20)
    assert [event.revision for event in heard] == sorted(acknowledged)
    assert {event.revision: changed(event) for event in heard} == acknowledged


def test_long_polls_hear_each_revision_once(workspace: Workspace) -> None:
    since = workspace.revision()
    heard: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_from_threads, workspace, 80)
        while not writing.done() or since < max(writing.result()):
            answer = workspace.admin.ok(
                "GET",
                f"/watch/{workspace.place('prod')}",
                params={"revision": since, "wait": 0.5},
            )
            heard += [event["revision"] for event in answer["events"]]
            assert all(event["event"] == "change" for event in answer["events"])
            assert answer["revision"] >= since
            since = answer["revision"]
        assert heard == sorted(writing.result())


def test_a_long_poll_waits_no_longer_than_asked_and_is_woken_at_once(workspace: Workspace) -> None:
    revision = workspace.revision()
    path = f"/watch/{workspace.place('prod')}"
    begun = time.monotonic()
    answer = workspace.admin.ok("GET", path, params={"revision": revision, "wait": 1})
    assert answer == {"revision": revision, "events": []}
    assert 0.9 < time.monotonic() - begun < 3
    with ThreadPoolExecutor(1) as pool:
        asked = {"revision": revision, "wait": 20}
        waiting = pool.submit(lambda: workspace.admin.ok("GET", path, params=asked))
        time.sleep(0.3)
        begun = time.monotonic()
        written = write(workspace, "base", "a", 1)
        assert [event["revision"] for event in waiting.result()["events"]] == [written]
        assert time.monotonic() - begun < 2


def test_atomic_one_event_for_all_a_revision_did(workspace: Workspace) -> None:
    streams = {
        slug: Stream(workspace.admin, workspace.place(slug), workspace.revision())
        for slug in ("base", "prod")
    }
    edits = [edit("base", f"k{number}", number) for number in range(5)]
    edits += [edit("prod", "k0", "own"), edit("prod", "url", "${k1}/${k0}")]
    revision = publish(workspace, edits)
    (base,) = streams["base"].reached(revision)
    (prod,) = streams["prod"].reached(revision)
    assert changed(base) == {f"k{number}": number for number in range(5)}
    assert changed(prod) == {"k0": "own", "k1": 1, "k2": 2, "k3": 3, "k4": 4, "url": "1/own"}


def test_values_made_of_a_changed_one_are_told_with_it(workspace: Workspace) -> None:
    write(workspace, "base", "host", "a")
    since = write(workspace, "base", "url", "http://${host}/")
    stream = Stream(workspace.admin, workspace.place("prod"), since)
    revision = write(workspace, "base", "host", "b")
    (event,) = stream.reached(revision)
    assert changed(event) == {"host": "b", "url": "http://b/"}


def test_prefix_exact(workspace: Workspace) -> None:
    since = workspace.revision()
    asked = Stream(workspace.admin, workspace.place("prod"), since, prefix="app/")
    narrow = key(workspace, key_prefix="app/db/")
    scoped = Stream(narrow, workspace.place("prod"), since, prefix="app/")
    for name in ("apple", "other/app/x", "app", "app/x", "app/db/y", "app/dbz"):
        write(workspace, "base", name, name)
    last = publish(workspace, [edit("base", "app/db/last", 1), edit("base", "elsewhere", 1)])
    assert [set(changed(event)) for event in asked.reached(last)] == [
        {"app/x"},
        {"app/db/y"},
        {"app/dbz"},
        {"app/db/last"},
    ]
    assert [set(changed(event)) for event in scoped.reached(last)] == [
        {"app/db/y"},
        {"app/db/last"},
    ]


def test_no_secret_to_a_viewer(workspace: Workspace) -> None:
    since = workspace.revision()
    viewer = Stream(key(workspace), workspace.place("prod"), since)
    person = Stream(workspace.admin, workspace.place("prod"), since)
    trusted = Stream(key(workspace, secrets=True), workspace.place("prod"), since)
    write(workspace, "base", "password", "hunter2", secret=True)
    last = write(workspace, "base", "url", "db://u:${password}@h/")
    for stream in (viewer, person):
        shown = stream.reached(last)
        assert [changed(event) for event in shown] == [{"password": "******"}, {"url": "******"}]
        assert all(each["masked"] for event in shown for each in event.data["changes"])
        assert "hunter2" not in str(shown)
    assert [changed(event) for event in trusted.reached(last)] == [
        {"password": "hunter2"},
        {"url": "db://u:hunter2@h/"},
    ]


@pytest.mark.parametrize("holds", [True, False], ids=["held", "removed"])
def test_what_became_a_secret_is_not_told_to_those_who_come_back(
    workspace: Workspace, *, holds: bool
) -> None:
    since = workspace.revision()
    viewer = key(workspace)
    open_all_along = Stream(viewer, workspace.place("prod"), since)
    last = write(workspace, "base", "token", "in-clear-once")
    if not holds:
        place = f"/config/{workspace.place('base', 'token')}"
        last = workspace.admin.ok("DELETE", place, headers={"If-Match": "*"})["revision"]
    open_all_along.reached(last)
    with contextlib.closing(Client(*viewer)) as client:
        before = client.values(workspace.place("prod"), at=since + 1)
        workspace.admin.ok("PATCH", f"{workspace.path}/keys/token", json={"secret": True})
        after = client.values(workspace.place("prod"), at=since + 1)
    assert (before, after) == ({"token": "in-clear-once"}, {"token": "******"})
    last = write(workspace, "base", "other", 1)
    for again in (since, since + 1):
        told = Stream(viewer, workspace.place("prod"), again).reached(last)
        assert "in-clear-once" not in str(told)


def test_an_environment_that_was_moved_is_told_as_a_whole(workspace: Workspace) -> None:
    write(workspace, "base", "a", "base")
    since = write(workspace, "staging", "a", "staging")
    stream = Stream(workspace.admin, workspace.place("prod"), since)
    workspace.admin.ok("PATCH", workspace.environment("prod"), json={"parent": "staging"})
    (event,) = stream.reached(since + 1)
    assert (event.kind, event.data["values"]) == ("snapshot", {"a": "staging"})
    last = write(workspace, "staging", "a", "again")
    assert changed(stream.reached(last)[-1]) == {"a": "again"}
    late = Stream(workspace.admin, workspace.place("prod"), since).reached(last)
    assert [(each.kind, each.revision) for each in late] == [("snapshot", last)]


def test_the_watch_of_a_deleted_environment_ends(workspace: Workspace) -> None:
    since = write(workspace, "base", "a", 1)
    stream = Stream(workspace.admin, workspace.place("prod"), since)
    workspace.admin.ok("DELETE", workspace.environment("prod"))
    assert stream.ended.wait(5)
    assert stream.events == []
    assert Stream(workspace.admin, workspace.place("prod"), since).status == 404


def test_the_watch_of_a_deleted_workspace_ends(workspace: Workspace) -> None:
    stream = Stream(workspace.admin, workspace.place("prod"), 0)
    workspace.admin.ok("DELETE", workspace.path)
    assert stream.ended.wait(5)


def test_a_revoked_key_hears_nothing_after_five_seconds(workspace: Workspace) -> None:
    body = {"name": "k", "workspace": workspace.slug, "access": "read", "secrets": False}
    made = workspace.admin.ok("POST", "/keys", json=body)
    since = workspace.revision()
    token = Key(workspace.admin.base, made["token"])
    stream = Stream(token, workspace.place("prod"), since)
    stream.reached(write(workspace, "base", "a", 1))
    workspace.admin.ok("DELETE", f"/keys/{made['id']}")
    begun = time.monotonic()
    # It must end in silence as well as while there is much to tell.
    while not stream.ended.wait(0.2):
        assert time.monotonic() - begun < REVOKED_WITHIN
        if time.monotonic() - begun > REVOKED_WITHIN / 2:
            write(workspace, "base", "a", time.monotonic())


def test_a_slow_listener_is_cut_and_resumes_without_loss(workspace: Workspace) -> None:
    since = workspace.revision()
    gate = threading.Event()
    slow = Stream(workspace.admin, workspace.place("prod"), since, on_event=lambda _: gate.wait(40))
    swift = Stream(workspace.admin, workspace.place("prod"), since)
    filling = "x" * 400_000
    revisions = [write(workspace, "base", "big", f"{number}{filling}") for number in range(130)]
    assert [each.revision for each in swift.reached(revisions[-1], 20)] == revisions
    gate.set()
    assert slow.ended.wait(20), "a listener that lagged by 130 large events was not cut"
    heard = [each.revision for each in slow.events]
    assert heard == revisions[: len(heard)]
    assert len(heard) < len(revisions)
    resumed = Stream(workspace.admin, workspace.place("prod"), heard[-1])
    heard += [each.revision for each in resumed.reached(revisions[-1], 20)]
    assert heard == revisions


@pytest.fixture
def own_server(running_api: RunningApi) -> Iterator[ApiProcess]:
    with running_api() as api:
        yield api
        hang_up()


@pytest.mark.timeout(120)
def test_resumable_after_a_restart_from_history_or_by_a_snapshot(own_server: ApiProcess) -> None:
    admin = own_server.sign_in()
    kept, compacted, far = Workspace(admin), Workspace(admin), Workspace(admin)
    since = kept.revision()
    acknowledged = write_from_threads(kept, 40)
    write(compacted, "base", "a", 1)
    oldest = write(compacted, "base", "a", 2)
    admin.ok("POST", f"{compacted.path}/compact", json={"before": oldest})
    far_since = far.revision()
    far_last = max(write_from_threads(far, 1008, threads=8))

    stream = Stream(admin, kept.place("prod"), since)
    stream.reached(max(acknowledged))
    begun = time.monotonic()
    own_server.stop()
    assert stream.ended.wait(1), "a stopping server ends its watches"
    assert time.monotonic() - begun < 5, "a watch kept the server from stopping"
    own_server.start()

    again = Stream(admin, kept.place("prod"), since).reached(max(acknowledged))
    assert {each.revision: changed(each) for each in again} == acknowledged
    assert [each.revision for each in again] == sorted(acknowledged)
    middle = sorted(acknowledged)[20]
    rest = Stream(admin, kept.place("prod"), middle).reached(max(acknowledged))
    assert [each.revision for each in rest] == sorted(acknowledged)[21:]

    (event,) = Stream(admin, compacted.place("prod"), oldest - 1).reached(oldest)
    assert (event.kind, event.data["values"]) == ("snapshot", {"a": 2})
    assert Stream(admin, compacted.place("prod"), oldest).events == []
    (event,) = Stream(admin, far.place("prod"), far_since).reached(far_last)
    assert event.kind == "snapshot"
    future = Stream(admin, far.place("prod"), far_last + 5)
    assert future.reached(far_last)[0].kind == "snapshot"
    admin.close()


def test_a_last_event_id_that_is_no_revision_is_refused(workspace: Workspace) -> None:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "abc"}
    answer = workspace.admin.get(f"/watch/{workspace.place('prod')}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-header")


def test_a_silent_stream_has_a_heartbeat(quiet: Stream) -> None:
    with contextlib.suppress(AssertionError):
        quiet.wait(lambda each: each.comments, HEARTBEAT_WITHIN)
    assert quiet.comments
    assert not quiet.ended.is_set()
