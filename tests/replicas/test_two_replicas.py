"""Two API processes on one database: what every client may rely on, whichever it asks."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import asyncpg
import pytest

from central_config.core.db import connect_arguments
from central_config.supervisor.valkey import ValkeyServer
from tests.properties.listening import Stream, changed, hang_up
from tests.support.api import ApiProcess, Client, Workspace
from tests.support.running import started
from tests.support.servers import cloned_database

pytestmark = pytest.mark.timeout(120)

WRITERS = 8
CONVERGED_WITHIN = 3.0  # seconds: a lost hint costs a second, a busy machine some more
REVOKED_WITHIN = 5.0  # seconds


class Pair(NamedTuple):
    """Both replicas, somebody signed in at each, and what stands behind them."""

    first: ApiProcess
    second: ApiProcess
    here: Client
    there: Client
    database: str
    valkey: ValkeyServer

    def client(self, number: int) -> Client:
        """A new connection to one of them, in turn."""
        side = (self.here, self.there)[number % 2]
        return Client(side.base, side.token)

    def query(self, statement: str, *values: Any) -> list[Any]:
        async def ask() -> list[Any]:
            connection = await asyncpg.connect(**connect_arguments(self.database))
            try:
                return await connection.fetch(statement, *values)
            finally:
                await connection.close()

        return asyncio.run(ask())


@pytest.fixture(scope="module")
def pair(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    logs = tmp_path_factory.mktemp("replicas")
    valkey = ValkeyServer(data_dir=logs / "valkey")
    valkey.start()
    with cloned_database(template_url, bootstrapped=True) as url:
        replicas = [ApiProcess(url, valkey.url, logs / f"{name}.log") for name in ("a", "b")]
        with started(*replicas):
            clients = [replica.sign_in() for replica in replicas]
            yield Pair(*replicas, *clients, url, valkey)
            for client in clients:
                client.close()
    valkey.stop()


@pytest.fixture
def place(pair: Pair) -> Iterator[Workspace]:
    yield Workspace(pair.here)
    hang_up()


def soon(check: Callable[[], bool], seconds: float = CONVERGED_WITHIN) -> float:
    """Wait until something is so; return how long it took."""
    begun = time.monotonic()
    while not check():
        assert time.monotonic() - begun < seconds, "it did not come about in time"
        time.sleep(0.02)
    return time.monotonic() - begun


def everyone(pair: Pair, work: Callable[[int, Client], Any], count: int = WRITERS) -> list[Any]:
    """Let `count` threads work at once, every other one at the other replica."""
    together = threading.Barrier(count)

    def one(number: int) -> Any:
        with contextlib.closing(pair.client(number)) as client:
            client.get("/me")
            together.wait(20)
            return work(number, client)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def workspace_id(pair: Pair, place: Workspace) -> Any:
    return pair.query("SELECT id FROM cc_workspace WHERE slug = $1", place.slug)[0]["id"]


def check_timeline(pair: Pair, place: Workspace, acknowledged: list[int]) -> None:
    """The timeline has no gap, times grow with revisions, and the audit log tells them in order."""
    workspace = workspace_id(pair, place)
    rows = pair.query(
        "SELECT revision, published_at FROM cc_revision WHERE workspace_id = $1 ORDER BY revision",
        workspace,
    )
    revisions = [row["revision"] for row in rows]
    assert revisions == list(range(1, len(revisions) + 1))
    assert set(acknowledged) <= set(revisions)
    times = [row["published_at"] for row in rows]
    assert times == sorted(times)
    told = pair.query(
        """SELECT (details::jsonb ->> 'revision')::bigint AS revision FROM cc_audit_log
           WHERE chain = $1 AND action = 'change.published' ORDER BY sequence""",
        workspace,
    )
    audited = [row["revision"] for row in told]
    assert audited == sorted(audited)
    assert set(acknowledged) <= set(audited)
    assert len(audited) == len(set(audited))
    assert pair.there.ok("GET", "/audit/verify")["intact"]


def test_no_increment_of_a_shared_counter_is_lost(pair: Pair, place: Workspace) -> None:
    path = f"/config/{place.place('base', 'counter')}"
    pair.here.put(place.place("base", "counter"), 0)
    each = 6

    def count(_: int, client: Client) -> list[int]:
        done: list[int] = []
        while len(done) < each:
            seen = client.get(path, params={"consistent": True})
            answer = client.request(
                "PUT",
                path,
                json={"value": seen.json()["value"] + 1},
                headers={"If-Match": f'"{seen.headers["Config-Revision"]}"'},
            )
            if answer.status_code == 412:
                assert answer.json()["code"] == "revision-conflict"
                assert answer.json()["current_revision"] > seen.json()["revision"]
                continue
            assert answer.status_code == 200, answer.text
            done.append(answer.json()["revision"])
        return done

    acknowledged = [revision for done in everyone(pair, count) for revision in done]
    assert len(set(acknowledged)) == WRITERS * each
    soon(
        lambda: all(
            side.value(place.place("base", "counter")) == WRITERS * each
            for side in (pair.here, pair.there)
        )
    )
    check_timeline(pair, place, acknowledged)


def test_each_write_has_its_revision_and_each_watcher_hears_it_once(
    pair: Pair, place: Workspace
) -> None:
    start = place.revision()
    streams = [Stream(side, place.place("prod"), start) for side in (pair.here, pair.there)]

    def write(number: int, client: Client) -> dict[int, Any]:
        done: dict[int, Any] = {}
        for step in range(15):
            name, value = f"w{number}/k{step % 4}", f"{number}.{step}"
            answer = client.put(place.place("base", name), value)
            assert answer["revision"] not in done
            done[answer["revision"]] = {name: value}
        return done

    parts = everyone(pair, write)
    acknowledged = {revision: value for part in parts for revision, value in part.items()}
    assert len(acknowledged) == WRITERS * 15, "two writes were given one revision"
    for stream in streams:
        heard = stream.reached(max(acknowledged))
        assert [event.revision for event in heard] == sorted(acknowledged)
        assert {event.revision: changed(event) for event in heard} == acknowledged
    expected: dict[str, Any] = {}
    for revision in sorted(acknowledged):
        expected.update(acknowledged[revision])
    for side in (pair.here, pair.there):
        assert side.values(place.place("prod")) == expected
        assert side.values(place.place("prod"), at=max(acknowledged)) == expected
    check_timeline(pair, place, list(acknowledged))


def test_only_one_of_many_creates_a_key(pair: Pair, place: Workspace) -> None:
    def create(number: int, client: Client) -> int:
        path = f"/config/{place.place('base', 'once')}"
        headers = {"If-None-Match": "*"}
        return client.request("PUT", path, json={"value": number}, headers=headers).status_code

    assert sorted(everyone(pair, create)) == [201] + [412] * (WRITERS - 1)


def test_a_change_is_published_once(pair: Pair, place: Workspace) -> None:
    edits = [{"environment": "base", "key": "a", "action": "set", "value": 1}]
    body = {"message": "m", "edits": edits, "action": "draft"}
    made = pair.here.ok("POST", f"{place.path}/changes", json=body)
    before = place.revision()

    def publish(_: int, client: Client) -> int:
        return client.post(f"{place.path}/changes/{made['id']}/publish").status_code

    answers = everyone(pair, publish)
    assert answers.count(200) == 1
    assert set(answers) == {200, 409}
    assert place.revision() == before + 1


def test_references_stay_whole_when_both_sides_of_one_change_at_once(
    pair: Pair, place: Workspace
) -> None:
    """One thread adds references to a key, the other takes the key away: only one may win."""
    for attempt in range(6):
        pair.here.put(place.place("base", f"target{attempt}"), 1)

        def fight(number: int, client: Client, attempt: int = attempt) -> int:
            if number == 0:
                value = {"value": f"${{target{attempt}}}"}
                return client.request(
                    "PUT", f"/config/{place.place('base', f'user{attempt}')}", json=value
                ).status_code
            path = f"/config/{place.place('base', f'target{attempt}')}"
            return client.request("DELETE", path, headers={"If-Match": "*"}).status_code

        outcomes = everyone(pair, fight, 2)
        assert sorted(status < 300 for status in outcomes) == [False, True], outcomes
    for side in (pair.here, pair.there):
        values = side.values(place.place("base"), consistent=True)
        assert all(f"target{name[4:]}" in values for name in values if name.startswith("user"))


def test_reads_converge(pair: Pair, place: Workspace) -> None:
    for number in range(10):
        writer, reader = (pair.here, pair.there) if number % 2 else (pair.there, pair.here)
        revision = writer.put(place.place("base", "a"), number)["revision"]
        consistent = reader.get(f"/config/{place.place('base')}", params={"consistent": True})
        assert consistent.json()["values"] == {"a": number}
        soon(lambda reader=reader, number=number: reader.value(place.place("base", "a")) == number)
        answer = reader.get(f"/config/{place.place('base')}")
        assert int(answer.headers["Config-Revision"]) >= revision


def test_an_environment_made_here_is_written_and_read_there_at_once(
    pair: Pair, place: Workspace
) -> None:
    pair.there.values(place.place("base"))  # the other replica holds the workspace already
    for number in range(5):
        slug = f"e{number}"
        body = {"slug": slug, "parent": "base"}
        pair.here.ok("POST", f"{place.path}/environments", json=body)
        pair.there.put(place.place(slug, "a"), number)
        assert pair.there.values(place.place(slug)) == {"a": number}


def test_a_key_revoked_here_is_refused_there(pair: Pair, place: Workspace) -> None:
    body = {"name": "k", "workspace": place.slug, "access": "read", "secrets": False}
    made = pair.here.ok("POST", "/keys", json=body)
    with contextlib.closing(pair.second.with_token(made["token"])) as client:
        path = f"/config/{place.place('base')}"
        assert client.get(path).status_code == 200
        stream = Stream(client, place.place("base"), 0)
        pair.here.ok("DELETE", f"/keys/{made['id']}")
        soon(lambda: client.get(path).status_code == 401, REVOKED_WITHIN)
        assert stream.ended.wait(REVOKED_WITHIN)


def test_a_lost_listening_connection_costs_no_more_than_a_poll(
    pair: Pair, place: Workspace
) -> None:
    pair.there.values(place.place("base"))
    stream = Stream(pair.there, place.place("base"), place.revision())
    for number in range(3):
        ended = pair.query(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE application_name = 'central-config-listen' AND datname = current_database()"""
        )
        if number == 0:
            assert len(ended) == 2, "each replica listens on one connection"
        revision = pair.here.put(place.place("base", "a"), number)["revision"]
        took = soon(lambda number=number: pair.there.values(place.place("base")) == {"a": number})
        stream.reached(revision, CONVERGED_WITHIN)
        assert took < CONVERGED_WITHIN
    soon(
        lambda: (
            len(
                pair.query(
                    """SELECT 1 FROM pg_stat_activity
                   WHERE application_name = 'central-config-listen'
                     AND datname = current_database()"""
                )
            )
            == 2
        ),
        15,
    )


def test_without_redis_reads_writes_and_watches_go_on(pair: Pair, place: Workspace) -> None:
    """The last test of this module: the cache does not come back."""
    streams = [
        Stream(side, place.place("prod"), place.revision()) for side in (pair.here, pair.there)
    ]
    pair.valkey.stop()
    begun = time.monotonic()
    acknowledged: list[int] = []
    for number in range(10):
        side = (pair.here, pair.there)[number % 2]
        acknowledged.append(side.put(place.place("base", "a"), number)["revision"])
    for stream in streams:
        assert [event.revision for event in stream.reached(acknowledged[-1])] == acknowledged
    for side in (pair.here, pair.there):
        assert side.value(place.place("prod", "a")) == 9
    with contextlib.closing(pair.second.sign_in()) as client:
        assert client.value(place.place("prod", "a")) == 9
    assert time.monotonic() - begun < 15
