"""What readers of the data plane are promised, while parts of the system are away, too."""

import asyncio
import contextlib
import gzip
import json
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import asyncpg
import httpx2
import pytest
from backports import zstd

from central_config.core.db import connect_arguments
from central_config.supervisor.valkey import ValkeyServer
from tests.support.api import ApiProcess, Client, Workspace, free_port
from tests.support.running import started
from tests.support.servers import cloned_database

pytestmark = pytest.mark.timeout(90)

RATE = 50
REVOKED_WITHIN = 5.0  # seconds, and a little for a busy machine
SEEN_WITHIN = 3.0  # seconds: without announcements a replica looks every second


class Replicas(NamedTuple):
    """Two API processes on one database.

    The second hears no announcements, limits rates, and has room for one workspace or two.
    """

    hearing: ApiProcess
    deaf: ApiProcess
    admin: Client
    database: str
    valkey: ValkeyServer

    def sql(self, statement: str, *given: Any) -> Any:
        async def run() -> Any:
            connection = await asyncpg.connect(**connect_arguments(self.database))
            try:
                return await connection.fetch(statement, *given)
            finally:
                await connection.close()

        return asyncio.run(run())


@pytest.fixture(scope="module")
def replicas(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    logs = tmp_path_factory.mktemp("planes")
    more = {
        "DATABASE_LISTEN_URL": f"postgresql://nobody@127.0.0.1:{free_port()}/none",
        "RATE_LIMIT_PER_KEY": str(RATE),
        "SNAPSHOT_MEMORY_BYTES": "10000",
    }
    with (
        cloned_database(template_url, bootstrapped=True) as url,
        ValkeyServer(data_dir=logs / "valkey") as valkey,
    ):
        hearing = ApiProcess(url, valkey.url, logs / "hearing.log")
        deaf = ApiProcess(url, valkey.url, logs / "deaf.log", more)
        with started(hearing, deaf):
            admin = hearing.sign_in()
            yield Replicas(hearing, deaf, admin, url, valkey)
            admin.close()


@pytest.fixture
def place(replicas: Replicas) -> Workspace:
    return Workspace(replicas.admin)


@contextlib.contextmanager
def reader(api: ApiProcess, token: str) -> Iterator[Client]:
    with contextlib.closing(api.with_token(token)) as client:
        yield client


def soon(check: Callable[[], bool], seconds: float) -> float:
    """Wait until something is so; return how long it took."""
    begun = time.monotonic()
    while not check():
        assert time.monotonic() - begun < seconds, "it did not come about in time"
        time.sleep(0.05)
    return time.monotonic() - begun


def raw(client: Client, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return an answer as it came over the wire."""
    with client.http.stream("GET", path, headers=headers) as answer:
        return answer.status_code, dict(answer.headers), b"".join(answer.iter_raw())


def test_head_is_get_without_a_body(replicas: Replicas, place: Workspace) -> None:
    replicas.admin.put(place.place("base", "a"), "x" * 40)
    with reader(replicas.hearing, place.key()) as client:
        for path in (f"/config/{place.place('prod')}", f"/config/{place.place('prod', 'a')}"):
            for _ in range(2):  # by the control plane, then from the ticket
                whole = client.get(path, headers={"Accept-Encoding": "identity"})
                head = client.request("HEAD", path, headers={"Accept-Encoding": "identity"})
                assert (head.status_code, head.content) == (200, b"")
                for name in ("etag", "config-revision", "content-type", "content-length"):
                    assert head.headers[name] == whole.headers[name], name
                assert int(head.headers["content-length"]) == len(whole.content)


def test_encoded_answers_are_the_plain_one(replicas: Replicas, place: Workspace) -> None:
    for number in range(40):
        replicas.admin.put(place.place("base", f"key/{number}"), f"a value {number} " * 40)
    path = f"/config/{place.place('prod')}"
    with reader(replicas.hearing, place.key()) as client:
        for _ in range(2):
            status, headers, plain = raw(client, path, **{"accept-encoding": "identity"})
            assert (status, "content-encoding" in headers) == (200, False)
            for name, decode in (("gzip", gzip.decompress), ("zstd", zstd.decompress)):
                status, headers, body = raw(client, path, **{"accept-encoding": name})
                assert (status, headers["content-encoding"]) == (200, name)
                assert len(body) < len(plain)
                assert decode(body) == plain
                tag = headers["etag"]
                assert tag.endswith(f'-{name}"')
                status, headers, body = raw(client, path, **{"if-none-match": tag})
                assert (status, body) == (304, b"")
        replicas.admin.put(place.place("base", "key/0"), "new")
        status, _, body = raw(client, path, **{"if-none-match": tag, "accept-encoding": "identity"})
        assert (status, json.loads(body)["values"]["key/0"]) == (200, "new")


def test_too_many_requests_are_refused_by_both_planes(replicas: Replicas, place: Workspace) -> None:
    replicas.admin.put(place.place("base", "a"), 1)
    path = f"/config/{place.place('base', 'a')}"
    with reader(replicas.deaf, place.key()) as client, reader(replicas.deaf, place.key()) as other:
        answers = [client.get(path) for _ in range(4 * RATE)]
        statuses = {answer.status_code for answer in answers}
        assert statuses == {200, 429}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "too-many-requests"
        assert other.get(path).status_code == 200, "another key has a rate of its own"
        time.sleep(float(refused.headers["retry-after"]))
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("heard", [True, False])
def test_a_revoked_key_is_refused(replicas: Replicas, place: Workspace, *, heard: bool) -> None:
    replicas.admin.put(place.place("base", "a"), 1)
    path = f"/config/{place.place('base', 'a')}"
    body = {"name": "k", "workspace": place.slug, "access": "read", "secrets": False}
    made = replicas.admin.ok("POST", "/keys", json=body)
    with reader(replicas.hearing if heard else replicas.deaf, made["token"]) as client:
        for _ in range(3):
            assert client.get(path).status_code == 200
        if heard:
            replicas.admin.ok("DELETE", f"/keys/{made['id']}")
        else:
            replicas.sql("UPDATE api_keys SET revoked_at = now() WHERE id = $1", made["id"])
        within = 1.5 if heard else REVOKED_WITHIN + 0.5
        soon(lambda: client.get(path).status_code == 401, within)


@pytest.mark.parametrize("heard", [True, False])
def test_what_is_deleted_is_not_found(replicas: Replicas, place: Workspace, *, heard: bool) -> None:
    replicas.admin.put(place.place("base", "a"), 1)
    api = replicas.hearing if heard else replicas.deaf
    within = 1.5 if heard else SEEN_WITHIN + 1
    with reader(api, place.key()) as client:
        paths = {name: f"/config/{place.place(name, 'a')}" for name in ("staging", "prod")}
        for path in [*paths.values()] * 2:
            assert client.get(path).status_code == 200
        replicas.admin.ok("DELETE", place.environment("staging"))
        soon(lambda: client.get(paths["staging"]).status_code == 404, within)
        assert client.get(paths["staging"]).json()["code"] == "environment-not-found"
        assert client.get(paths["prod"]).status_code == 200
        replicas.admin.ok("DELETE", place.path)
        soon(lambda: client.get(paths["prod"]).status_code in {401, 404}, within)
    with contextlib.closing(api.sign_in()) as client:
        soon(lambda: client.get(paths["prod"]).status_code == 404, within)


def test_a_replica_that_hears_nothing_sees_writes_of_another(
    replicas: Replicas, place: Workspace
) -> None:
    path = place.place("prod", "a")
    replicas.admin.put(place.place("base", "a"), 0)
    with reader(replicas.deaf, place.key()) as client:
        soon(lambda: client.value(path) == 0, SEEN_WITHIN)
        for number in range(1, 4):
            replicas.admin.put(place.place("base", "a"), number)
            soon(lambda number=number: client.value(path) == number, SEEN_WITHIN)
            assert float(client.get(f"/config/{path}").headers["config-age"]) < SEEN_WITHIN


def test_a_listening_connection_that_is_ended_comes_back(
    replicas: Replicas, place: Workspace
) -> None:
    path = place.place("prod", "a")
    with reader(replicas.hearing, place.key()) as client:
        replicas.admin.put(place.place("base", "a"), 0)
        assert client.value(path) == 0
        listening = """SELECT pid FROM pg_stat_activity
            WHERE application_name = 'central-config-listen' AND datname = current_database()"""
        ended = replicas.sql(f"SELECT pg_terminate_backend(pid) FROM ({listening}) AS l")  # noqa: S608
        assert len(ended) == 1, "the deaf one does not listen"
        with contextlib.closing(replicas.deaf.sign_in()) as there:
            there.put(place.place("base", "a"), 1)
        soon(lambda: client.value(path) == 1, SEEN_WITHIN)
        soon(lambda: len(replicas.sql(listening)) == 1, 5)


def test_without_redis_nothing_changes_for_readers(replicas: Replicas, place: Workspace) -> None:
    """Reads, writes, watches; a workspace that must be loaded, too."""
    path = place.place("prod", "a")
    with reader(replicas.deaf, place.key()) as client:
        replicas.valkey.stop()
        try:
            began = time.monotonic()
            revision = replicas.admin.put(place.place("base", "a"), 1)["revision"]
            assert client.value(path) == 1
            again = replicas.admin.put(place.place("base", "a"), 2)["revision"]
            heard = client.ok(
                "GET",
                f"/watch/{place.place('prod')}",
                params={"revision": revision, "wait": 5},
                headers={"Accept": "application/json"},
            )
            assert heard["revision"] == again
            soon(lambda: client.value(path) == 2, SEEN_WITHIN)
            other = Workspace(replicas.admin)
            replicas.admin.put(other.place("base", "b"), 3)
            with contextlib.closing(replicas.deaf.sign_in()) as there:
                assert there.value(other.place("prod", "b")) == 3
            assert time.monotonic() - began < 10
        finally:
            replicas.valkey.start()


def test_workspaces_leave_a_process_that_has_no_room(replicas: Replicas) -> None:
    """And come back when they are asked for."""

    def metric(name: str) -> float:
        answer = httpx2.get(f"http://127.0.0.1:{replicas.deaf.metrics_port}/metrics")
        found = [line for line in answer.text.splitlines() if line.startswith(f"{name} ")]
        return float(found[0].split()[1])

    places = [Workspace(replicas.admin) for _ in range(4)]
    for number, place in enumerate(places):
        replicas.admin.put(place.place("base", "a"), number)
    with contextlib.closing(replicas.deaf.sign_in()) as client:
        for attempt in range(2):
            for number, place in enumerate(places):
                assert client.value(place.place("prod", "a")) == number
            if attempt == 0:  # idle for five seconds, looked at every five
                soon(lambda: metric("central_config_snapshots_held") < len(places), 15)
    assert metric("central_config_snapshot_evictions_total") > 0
