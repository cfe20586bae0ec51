"""Clients that write without pause while something is killed, and what must be true afterwards."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.support.api import Client, Workspace

WRITERS = 8
# Every so manieth write is one change of several keys: all of them or none.
BULK_EVERY = 4
BULK_KEYS = 5
PAUSE_AFTER_REFUSAL = 0.05  # seconds
PATIENCE = 20.0  # seconds


def wait_for(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@dataclass(frozen=True)
class Write:
    """One attempt. `message` is unique; it leads from a revision back to the attempt."""

    message: str
    keys: tuple[str, ...]
    value: int


@dataclass
class Load:
    """What the writers did: `acknowledged` by revision; `open` got no answer at all."""

    workspace: Workspace
    environment: str = "staging"
    acknowledged: dict[int, Write] = field(default_factory=dict)
    refused: list[httpx2.Response] = field(default_factory=list)
    refused_writes: list[Write] = field(default_factory=list)
    open: list[Write] = field(default_factory=list)
    halted: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self) -> int:
        """How many writes were acknowledged."""
        return len(self.acknowledged)

    def wait_for_more(self, writes: int, seconds: float = PATIENCE) -> None:
        """Wait until that many further writes were acknowledged."""
        goal = self.count() + writes
        wait_for(lambda: self.count() >= goal, seconds)

    def run(self, name: str) -> None:
        """Write until halted, or until the API does not answer."""
        admin = self.workspace.admin
        with httpx2.Client(
            base_url=f"{admin.base}/api/v1",
            headers={"Authorization": f"Bearer {admin.token}"},
            timeout=15,
        ) as http:
            number = 0
            while not self.halted.is_set():
                number += 1
                write = _write(f"{name}-{number}", number)
                try:
                    answer = self._send(http, write)
                except httpx2.TransportError:
                    with self._lock:
                        self.open.append(write)
                    if self.halted.wait(PAUSE_AFTER_REFUSAL):
                        return
                    continue
                self._note(write, answer)

    def _send(self, http: httpx2.Client, write: Write) -> httpx2.Response:
        if len(write.keys) == 1:
            place = self.workspace.place(self.environment, write.keys[0])
            body: dict[str, Any] = {"value": write.value, "message": write.message}
            return http.put(f"/config/{place}", json=body)
        edits = [
            {"environment": self.environment, "key": key, "value": write.value}
            for key in write.keys
        ]
        body = {"message": write.message, "edits": edits, "action": "publish"}
        return http.post(f"{self.workspace.path}/changes", json=body)

    def _note(self, write: Write, answer: httpx2.Response) -> None:
        with self._lock:
            if answer.status_code in {200, 201}:
                revision = answer.json()["revision"]
                assert revision not in self.acknowledged, f"revision {revision} was given twice"
                self.acknowledged[revision] = write
                return
            self.refused.append(answer)
            self.refused_writes.append(write)
        self.halted.wait(PAUSE_AFTER_REFUSAL)


def _write(message: str, number: int) -> Write:
    size = BULK_KEYS if number % BULK_EVERY == 0 else 1
    return Write(message, tuple(f"load/{message}/{index}" for index in range(size)), number)


@contextmanager
def writers(workspace: Workspace, count: int = WRITERS) -> Iterator[Load]:
    """Let `count` clients write at once for as long as the block runs."""
    load = Load(workspace)
    threads = [threading.Thread(target=load.run, args=(f"w{index}",)) for index in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.halted.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


def check(load: Load, admin: Client) -> None:
    """Check everything that must hold after a crash, whatever it hit."""
    workspace = load.workspace
    values = admin.values(workspace.place(load.environment), consistent=True)
    timeline = revisions(admin, workspace)
    created = 3  # one revision for each environment
    assert list(timeline) == list(range(max(timeline), 0, -1)), "the timeline has a gap"
    for revision, write in load.acknowledged.items():
        assert timeline[revision] == write.message, f"revision {revision} is another write's"
        assert {values.get(key) for key in write.keys} == {write.value}, f"{write} is lost"
    published = set(timeline.values())
    for write in load.open + load.refused_writes:
        held = [key for key in write.keys if key in values]
        assert held in ([], list(write.keys)), f"{write} is there in part: {held}"
        assert bool(held) == (write.message in published)
    verified = admin.ok("GET", "/audit/verify")
    assert verified["intact"] is True, verified
    told = [event["details"]["message"] for event in events(admin, "change.published", workspace)]
    assert sorted(told) == sorted(timeline[each] for each in timeline if each > created)


def revisions(admin: Client, workspace: Workspace) -> dict[int, str]:
    """Return every revision with its message, newest first."""
    found: dict[int, str] = {}
    for item in pages(admin, f"{workspace.path}/revisions"):
        found[item["revision"]] = item["message"]
    return found


def events(admin: Client, action: str, workspace: Workspace) -> list[Any]:
    """Return the audit events of an action."""
    return list(pages(admin, "/audit", action=action, workspace=workspace.slug))


def pages(client: Client, path: str, **params: Any) -> Iterator[Any]:
    """Yield all items of a list."""
    cursor: str | None = None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        page = client.ok("GET", path, params={"limit": 1000, **params, **more})
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return
