"""The API ends in the middle of writes: by SIGKILL, and by SIGTERM."""

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx2

from tests.crash.load import check, wait_for, writers
from tests.support.api import ApiProcess, Client, Workspace

ROUNDS = 2
STOP_WITHIN, PROMPTLY = 15.0, 6.0  # seconds


def test_kill_in_the_middle_of_writes(api: ApiProcess, owner: Client, target: Workspace) -> None:
    with writers(target) as load:
        for _ in range(ROUNDS):
            load.wait_for_more(40)
            api.kill()
            api.start()
        load.wait_for_more(40)
    assert load.open, "no write was under way at the kill"
    assert [each.status_code for each in load.refused] == []
    check(load, owner)


def test_killed_main_process_takes_its_workers_along(
    api: ApiProcess, owner: Client, target: Workspace
) -> None:
    assert api.process is not None
    with writers(target) as load:
        load.wait_for_more(40)
        os.kill(api.process.pid, signal.SIGKILL)
        api.process.wait(10)
        wait_for(lambda: not answers(api.url), STOP_WITHIN)
        api.start()
        load.wait_for_more(40)
    assert {each.status_code for each in load.refused} <= {503}
    check(load, owner)


def test_killed_main_process_takes_its_workers_along_from_a_watch(
    api: ApiProcess, owner: Client, target: Workspace
) -> None:
    """A server nobody looks after must not go on for as long as somebody watches it."""
    assert api.process is not None
    with owner.http.stream(
        "GET", f"/watch/{target.place('prod')}", headers={"Accept": "text/event-stream"}
    ) as watch:
        assert next(watch.iter_lines()).startswith("retry")
        os.kill(api.process.pid, signal.SIGKILL)
        api.process.wait(10)
        wait_for(lambda: members(api.process.pid) == [], STOP_WITHIN)
    api.start()


def members(group: int) -> list[int]:
    """Return the processes of a process group."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ProcessLookupError):
                if os.getpgid(int(entry.name)) == group:
                    found.append(int(entry.name))
    return found


def test_polite_stop_in_the_middle_of_writes(
    api: ApiProcess, owner: Client, target: Workspace
) -> None:
    with writers(target) as load:
        load.wait_for_more(40)
        stop(api)
        load.halted.set()
    for answer in load.refused:
        assert answer.status_code == 503, answer.text
        assert "retry-after" in answer.headers
    assert '"level": "error"' not in api.log.read_text()
    api.start()
    check(load, owner)


def test_polite_stop_ends_watches(api: ApiProcess, owner: Client, target: Workspace) -> None:
    """Or a server that is watched could only be killed, and with it what it was about to write."""
    polled: list[int] = []
    poll = threading.Thread(target=lambda: polled.append(poll_once(owner, target)))
    with owner.http.stream(
        "GET", f"/watch/{target.place('prod')}", headers={"Accept": "text/event-stream"}
    ) as watch:
        lines = watch.iter_lines()
        assert next(lines).startswith("retry")
        poll.start()
        time.sleep(0.5)
        seconds = stop(api)
        assert list(lines)[-1:] in ([], [""]), "the stream was torn, not ended"
    poll.join(5)
    api.start()
    assert polled == [200]
    assert seconds < PROMPTLY


def poll_once(client: Client, target: Workspace) -> int:
    params = {"revision": target.revision(), "wait": 30}
    try:
        return client.get(f"/watch/{target.place('prod')}", params=params).status_code
    except httpx2.TransportError:
        return 0


def stop(api: ApiProcess) -> float:
    """Ask for a stop; return how long it took (seconds)."""
    assert api.process is not None
    began = time.monotonic()
    api.process.send_signal(signal.SIGTERM)
    assert api.process.wait(STOP_WITHIN) == 0, api.log.read_text()[-3000:]
    return time.monotonic() - began


def answers(url: str) -> bool:
    try:
        httpx2.get(f"{url}/health/live", timeout=2)
    except httpx2.TransportError:
        return False
    return True
