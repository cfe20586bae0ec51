"""A database is put back while an API runs on it: nobody keeps what is not there any more."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from central_config_client import Config

from central_config.backups.model.restores import Plan, Restored
from central_config.backups.service.portable import Portable
from central_config.backups.service.restoring import Order, Restoring
from central_config.core.settings import Settings
from tests.backups.conftest import databases
from tests.crash.load import wait_for
from tests.support.api import ApiProcess, Client, Workspace
from tests.support.running import started
from tests.support.servers import forget_failures


@pytest.fixture
def database_url(bootstrapped_url: str) -> str:
    return bootstrapped_url


@pytest.fixture
def api(backed_up: Settings, redis_url: str, tmp_path: Path) -> Iterator[ApiProcess]:
    forget_failures(redis_url)
    found = ApiProcess(backed_up.require_database_url(), redis_url, tmp_path / "api.log")
    with started(found):
        yield found


Opener = Callable[[str | None], Client]


@pytest.fixture
def client(api: ApiProcess) -> Iterator[Opener]:
    """Clients by token, or signed in as the administrator; closed at the end."""
    opened: list[Client] = []

    def give(token: str | None = None) -> Client:
        opened.append(api.sign_in() if token is None else api.with_token(token))
        return opened[-1]

    yield give
    for each in opened:
        each.close()


class Stream:
    """What a client hears on one watch, which comes back as often as it is cut."""

    def __init__(self, url: str, token: str, place: str) -> None:
        self._url, self._token, self._place = url, token, place
        self.events: list[tuple[str, int, dict[str, Any]]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join(20)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._listen()
            except httpx2.HTTPError:
                self._ended.wait(0.2)

    def _listen(self) -> None:
        headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {self._token}"}
        if self.events:
            headers["Last-Event-ID"] = str(self.events[-1][1])
        kind, revision = "", 0
        address = f"{self._url}/api/v1/watch/{self._place}"
        with httpx2.stream("GET", address, headers=headers, timeout=1.0) as answer:
            for line in answer.iter_lines():
                name, _, rest = line.partition(": ")
                if name == "event":
                    kind = rest
                elif name == "id":
                    revision = int(rest)
                elif name == "data":
                    self.events.append((kind, revision, json.loads(rest)))
                if self._ended.is_set():
                    return


class Writer:
    """Somebody who goes on writing; `statuses` are the answers he gets."""

    def __init__(self, client: Client, place: str) -> None:
        self._client, self._place = client, place
        self.statuses: set[int] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join(20)

    def _run(self) -> None:
        number = 0
        while not self._ended.wait(0.01):
            number += 1
            answer = self._client.request(
                "PUT", f"/config/{self._place}", json={"value": number}, headers={"If-Match": "*"}
            )
            self.statuses.add(answer.status_code)


class Scene:
    """A workspace with values that were backed up, and later ones that will be lost."""

    def __init__(self, client: Opener, portable: Portable) -> None:
        owner = client(None)
        self.target = Workspace(owner)
        self.token, self.revoked = (self.target.key(secrets=True) for _ in range(2))
        replaced = self.target.key()
        self.here, self.place = self.target.place("staging"), self.target.place("staging", "key")
        owner.put(self.place, "kept")
        owner.put(f"{self.here}/password", "kept secret", secret=True)
        self.kept = self.target.revision()
        self.label = asyncio.run(portable.create()).label
        self.newer = Workspace(owner)
        for value in ("lost", "lost too", "lost three"):
            owner.put(self.place, value)
        owner.put(f"{self.here}/only-lost", 1)
        self.lost = self.target.revision()
        keys = owner.ok("GET", "/keys", params={"workspace": self.target.slug})["items"]
        reader = client(self.revoked)
        name = next(each for each in keys if self.revoked.startswith(each["prefix"]))
        owner.ok("DELETE", f"/keys/{name['id']}")
        (self.ending,) = (each["id"] for each in keys if replaced.startswith(each["prefix"]))
        owner.ok("POST", f"/keys/{self.ending}/rotate", json={"overlap_seconds": 86_400})
        self.revoked_name = name["name"]
        self.owner, self.reader, self.former = owner, client(self.token), reader
        self.tag = self.reader.get(f"/config/{self.here}").headers["etag"]
        self.key_tag = self.reader.get(f"/config/{self.place}").headers["etag"]


def test_everybody_resyncs(
    api: ApiProcess, client: Opener, portable: Portable, restoring: Restoring
) -> None:
    scene = Scene(client, portable)
    stream = Stream(api.url, scene.token, scene.here)
    place = (scene.target.slug, "staging")
    with Config(*place, url=api.url, api_key=scene.token) as config:
        assert config.get("key") == "lost three"
        wait_for(lambda: stream.events, 10)
        check_plan(scene, asyncio.run(restoring.restore(portable, scene.label)))
        assert config.get("key") == "lost three"
        assert databases(restoring) == [restoring.name]

        writer = Writer(client(scene.target.key(access="write")), scene.target.place("prod", "n"))
        done = asyncio.run(restoring.restore(portable, scene.label, Order("a test")))
        assert isinstance(done, Restored)
        writer.close()
        # His key is of after the backup. Nothing that happens is a fault of the service.
        assert writer.statuses <= {200, 201, 401, 503}, writer.statuses
        assert done.blocked_seconds < 10
        assert done.keys_kept_revoked == (scene.revoked_name,)
        wait_for(lambda: config.get("key") == "kept", 15)
        assert config.get("only-lost", default=None) is None
        assert config.get("password") == "kept secret"
        wait_for(lambda: stream.events[-1][2].get("values", {}).get("key") == "kept", 15)
        stream.close()
        check_stream(scene, stream)
        check_readers(scene)
        check_writers(scene, client(None))
        wait_for(lambda: config.get("key") == "blind", 15)

        assert isinstance(asyncio.run(restoring.undo()), Plan)
        asyncio.run(restoring.undo(Order("it was the wrong one")))
        wait_for(lambda: config.get("key") == "lost three", 15)
        assert config.get("only-lost") == 1
    assert client(None).ok("GET", "/audit/verify")["intact"] is True


def check_plan(scene: Scene, plan: Plan | Restored) -> None:
    """What would happen to each workspace is told."""
    assert isinstance(plan, Plan)
    told = {each.slug: each for each in plan.workspaces}
    assert told[scene.target.slug].fate == "older"
    assert "loses 4 revisions" in told[scene.target.slug].words
    assert told[scene.newer.slug].fate == "vanishes"


def check_stream(scene: Scene, stream: Stream) -> None:
    """A watch gets everything anew, and revisions only grow."""
    kinds = [kind for kind, revision, _ in stream.events if revision > scene.lost]
    assert kinds[0] == "snapshot"
    revisions = [revision for _, revision, _ in stream.events]
    assert revisions == sorted(revisions)


def check_readers(scene: Scene) -> None:
    """Tags of lost revisions do not match, though the key was last touched before them."""
    answer = scene.reader.get(f"/config/{scene.here}", headers={"If-None-Match": scene.tag})
    assert (answer.status_code, answer.json()["values"]["key"]) == (200, "kept")
    answer = scene.reader.get(f"/config/{scene.place}", headers={"If-None-Match": scene.key_tag})
    assert (answer.status_code, answer.json()["value"]) == (200, "kept")
    answer = scene.reader.get(f"/config/{scene.here}", params={"at": scene.lost - 1})
    assert (answer.status_code, answer.json()["code"]) == (410, "revision-compacted")
    answer = scene.reader.get(f"/config/{scene.here}", params={"at": scene.kept})
    assert answer.json()["values"]["key"] == "kept"
    asked = {"revision": scene.lost - 2, "wait": 1}
    told = scene.reader.ok("GET", f"/watch/{scene.here}", params=asked)
    assert [each["event"] for each in told["events"]] == ["snapshot"]


def check_writers(scene: Scene, owner: Client) -> None:
    """Sign-ins have ended, what was revoked stays so; nobody overwrites what he did not see."""
    assert scene.owner.get("/me").status_code == 401
    assert scene.former.get(f"/config/{scene.place}").status_code == 401
    assert owner.ok("GET", f"/keys/{scene.ending}")["expires_at"] is not None
    place, body = f"/config/{scene.place}", {"value": "blind"}
    answer = owner.request("PUT", place, json=body, headers={"If-Match": scene.tag})
    assert (answer.status_code, answer.json()["code"]) == (412, "revision-conflict")
    answer = owner.request("PUT", place, json=body, headers={"If-Match": f'"{scene.kept}"'})
    assert answer.status_code == 200
    assert answer.json()["revision"] > scene.lost + 500
    assert owner.ok("GET", "/audit/verify")["intact"] is True
