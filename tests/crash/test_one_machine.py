"""`central-config serve` from an empty directory on: started, stopped, killed, started again."""

import re
import signal
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from tests.crash.load import check, wait_for, writers
from tests.crash.one_machine import living, serving
from tests.support.api import Workspace

PASSWORD = re.compile(r"First administrator: admin  password: (\S+)")
OWN_PASSWORD = "a-password-of-my-own"
NOTHING_LEFT_WITHIN = 12.0  # seconds
# Everything is started three times.
pytestmark = pytest.mark.timeout(150)


class Started(NamedTuple):
    """What the first start on an empty directory left behind."""

    data_dir: Path
    said: str
    exit_code: int
    left: dict[int, str]
    samples: dict[str, object]


@pytest.fixture(scope="module")
def first_start(place: Path) -> Started:
    """Start on an empty directory, sign in, look at the sample, press Ctrl-C."""
    data_dir = place / "machine"
    with serving(data_dir, SAMPLE_WORKSPACE="true") as machine:
        machine.wait_until_ready()
        found = PASSWORD.search(machine.said())
        assert found is not None, machine.said()
        for address in re.findall(r"http://\S+", machine.said().partition("is ready")[2]):
            answer = httpx2.get(address, timeout=10)
            assert answer.status_code < 500, f"{address}: {answer.status_code}"
        admin = machine.sign_in(found[1])
        new = {"current_password": found[1], "new_password": OWN_PASSWORD}
        admin.ok("POST", "/me/password", json=new)
        samples = admin.values("sample/prod")
        admin.close()
        code = machine.end(signal.SIGINT)
        left = living(data_dir)
    return Started(data_dir, machine.said(), code, left, samples)


def test_first_start_and_ctrl_c(first_start: Started) -> None:
    assert first_start.exit_code == 0
    assert first_start.left == {}
    assert first_start.samples["app/url"] == "https://shop.example/"
    for line in ("  API      http://127.0.0.1:", "  Docs     http://", f"{first_start.data_dir}"):
        assert line in first_start.said
    assert "Traceback" not in first_start.said
    assert '"level": "error"' not in first_start.said


def test_second_start_and_kill_in_the_middle_of_writes(first_start: Started) -> None:
    data_dir = first_start.data_dir
    with serving(data_dir, SAMPLE_WORKSPACE="true") as second:
        second.wait_until_ready()
        assert "password" not in second.said().partition("is ready")[2]
        admin = second.sign_in(OWN_PASSWORD)
        assert admin.values("sample/prod") == first_start.samples
        target = Workspace(admin)
        with writers(target) as load:
            load.wait_for_more(100)
            assert second.end(signal.SIGKILL) == -signal.SIGKILL
            wait_for(lambda: not living(data_dir), NOTHING_LEFT_WITHIN)
        admin.close()
    with serving(data_dir) as third:
        third.wait_until_ready()
        again = third.sign_in(OWN_PASSWORD)
        check(load, again)
        assert again.values("sample/prod") == first_start.samples
        again.close()
        assert third.end(signal.SIGTERM) == 0
        assert living(data_dir) == {}
