"""Thousands of real watchers on one process, and what can befall them.

The process may open as many files as there are watchers; where the machine's limit forbids that
the test fails and says so: a service that is to hold them needs the limit, too.
"""

import os
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.api import ApiProcess, Client, Workspace, free_port
from tests.support.crowd import Crowd
from tests.support.running import RunningApi, started

pytestmark = pytest.mark.timeout(150)

MANY = 10_000
FILES = 12_000
REVOKED_WITHIN = 5.0  # seconds
MEMORY = 40_000  # bytes per watcher
# What a busy machine with two cores needs; the benchmarks measure the goal.
HEARD_WITHIN = 5.0


@pytest.fixture
def crowds() -> Iterator[list[Crowd]]:
    """Crowds to be closed."""
    found: list[Crowd] = []
    yield found
    for crowd in found:
        crowd.close()


@pytest.fixture(scope="module")
def deaf(running_api: RunningApi) -> Iterator[ApiProcess]:
    """An API whose announcements never arrive, that holds all watches of these tests."""
    nowhere = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    with running_api(DATABASE_LISTEN_URL=nowhere) as api:
        yield api


@pytest.fixture
def deaf_admin(deaf: ApiProcess) -> Iterator[Client]:
    """Its administrator."""
    client = deaf.sign_in()
    yield client
    client.close()


def _soon(check: Callable[[], bool], seconds: float = 5.0) -> None:
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.05)


def _resident(api: ApiProcess) -> int:
    """Memory of the process that serves: the larger child of the one that was started."""
    assert api.process is not None
    tasks = Path(f"/proc/{api.process.pid}/task")
    children = [
        each for task in tasks.iterdir() for each in (task / "children").read_text().split()
    ]
    pages = [int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in children]
    return max(pages) * os.sysconf("SC_PAGE_SIZE")


def _metric(api: ApiProcess, name: str) -> float:
    text = httpx2.get(f"http://127.0.0.1:{api.metrics_port}/metrics").text
    lines = [line for line in text.splitlines() if line.startswith(name)]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def _revoke_all(workspace: Workspace) -> float:
    keys = workspace.admin.ok("GET", "/keys", params={"workspace": workspace.slug})["items"]
    for key in keys:
        workspace.admin.ok("DELETE", f"/keys/{key['id']}")
    return time.monotonic()


def _watch(workspace: Workspace, environment: str = "prod", prefix: str = "") -> dict[str, Any]:
    path = f"/api/v1/watch/{workspace.place(environment)}?prefix={prefix}"
    return {"path": path, "since": workspace.revision()}


def test_ten_thousand_watchers_in_one_process(
    deaf: ApiProcess, deaf_admin: Client, crowds: list[Crowd]
) -> None:
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= FILES, "too few open files allowed"
    workspace = Workspace(deaf_admin)
    workspace.admin.put(workspace.place("prod", "app/a"), 0)
    token, lasting = workspace.key(), workspace.admin.token
    before = _resident(deaf)
    watched = _watch(workspace, prefix="app/")
    crowds.append(Crowd(deaf.port, token=token, count=MANY, **watched))
    used = (_resident(deaf) - before) / MANY
    assert used < MEMORY, f"{used:.0f} bytes per watcher"
    assert _metric(deaf, "central_config_watchers") == MANY
    aside = Crowd(deaf.port, token=lasting, count=50, **_watch(workspace, prefix="other/"))
    crowds.append(aside)
    silent = aside.state()["bytes"]
    for number in range(3):
        revision = workspace.admin.put(workspace.place("base", "app/b"), number)["revision"]
        begun = time.monotonic()
        heard = crowds[0].heard(revision)
        assert (heard["missing"], heard["faults"]) == (0, 0)
        assert heard["times"][-1] - begun < HEARD_WITHIN
    assert aside.state()["bytes"] == silent, "somebody was told of what is not watched"
    revoked = _revoke_all(workspace)
    while crowds[0].state()["ended"] < MANY:
        assert time.monotonic() - revoked < REVOKED_WITHIN, crowds[0].state()
        time.sleep(0.05)
    assert aside.state()["ended"] == 0
    _soon(lambda: _metric(deaf, "central_config_watchers") == 50)


def test_a_revoked_key_hears_nothing_while_announcements_are_lost(
    deaf: ApiProcess, deaf_admin: Client, crowds: list[Crowd]
) -> None:
    workspace = Workspace(deaf_admin)
    crowd = Crowd(deaf.port, token=workspace.key(), count=5, **_watch(workspace))
    crowds.append(crowd)
    time.sleep(1.5)
    revoked = _revoke_all(workspace)
    while crowd.state()["ended"] < 5:
        assert time.monotonic() - revoked < REVOKED_WITHIN
        workspace.admin.put(workspace.place("prod", "a"), time.monotonic())
        time.sleep(0.1)


def test_watches_of_one_that_stops_end_at_once_and_resume_at_another(
    bootstrapped_url: str, redis_url: str, tmp_path: Path, crowds: list[Crowd]
) -> None:
    replicas = [ApiProcess(bootstrapped_url, redis_url, tmp_path / f"{name}.log") for name in "ab"]
    with started(*replicas):
        admin = replicas[1].sign_in()
        workspace = Workspace(admin)
        token, watched = workspace.key(), _watch(workspace)
        crowd = Crowd(replicas[0].port, token=token, count=1000, **watched)
        crowds.append(crowd)
        revision = workspace.admin.put(workspace.place("prod", "a"), 1)["revision"]
        assert crowd.heard(revision)["missing"] == 0
        begun = time.monotonic()
        replicas[0].stop()
        assert time.monotonic() - begun < 5
        assert crowd.state()["ended"] == 1000
        last = workspace.admin.put(workspace.place("prod", "a"), 2)["revision"]
        again = Crowd(replicas[1].port, token=token, count=1000, **(watched | {"since": revision}))
        crowds.append(again)
        heard = again.heard(last)
        assert (heard["missing"], heard["faults"]) == (0, 0)
        admin.close()
