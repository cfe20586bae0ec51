"""The API ends in the middle of writes: by SIGKILL, and by SIGTERM."""

import os
import signal
import threading
import time

import httpx2

from tests.crash.load import check, wait_for, writers
from tests.support.api import ApiProcess, Client, Workspace

ROUNDS = 3
STOP_WITHIN = 15.0  # seconds


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


def test_polite_stop_in_the_middle_of_writes(
    api: ApiProcess, owner: Client, target: Workspace
) -> None:
    """Also with a watch open: it is ended, or nobody could ever stop a server that is watched."""
    assert api.process is not None
    with writers(target) as load:
        load.wait_for_more(40)
        with owner.http.stream(
            "GET", f"/watch/{target.place('prod')}", headers={"Accept": "text/event-stream"}
        ) as watch:
            lines = watch.iter_lines()
            assert next(lines).startswith("retry")
            reader = threading.Thread(target=read_to_the_end, args=(lines,))
            reader.start()
            load.wait_for_more(40)
            began = time.monotonic()
            api.process.send_signal(signal.SIGTERM)
            assert api.process.wait(STOP_WITHIN) == 0, api.log.read_text()[-3000:]
            print("STOPPED", time.monotonic() - began)
            load.halted.set()
            reader.join(5)
            assert not reader.is_alive()
    for answer in load.refused:
        assert answer.status_code == 503, answer.text
        assert "retry-after" in answer.headers
    assert '"level": "error"' not in api.log.read_text()
    api.start()
    check(load, owner)


def read_to_the_end(lines: object) -> None:
    try:
        for _ in lines:  # type: ignore[attr-defined]
            pass
    except httpx2.TransportError:
        pass


def answers(url: str) -> bool:
    try:
        httpx2.get(f"{url}/health/live", timeout=2)
    except httpx2.TransportError:
        return False
    return True
