"""PostgreSQL hangs rather than dies: the age of what is served grows, for an alert to see."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.monitoring.tools import until
from tests.support.api import ApiProcess, Workspace
from tests.support.servers import BOOTSTRAPPED, Servers, address_of

OLD = 5.0  # seconds without an answer


def _family(pid: int) -> list[int]:
    """Return a process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(each for child in children for each in _family(int(child)))]


def _postmaster(servers: Servers) -> int:
    found = next(servers.place.rglob("postmaster.pid"))
    return int(found.read_text(encoding="utf-8").splitlines()[0])


@contextmanager
def hanging(servers: Servers) -> Iterator[None]:
    """Have PostgreSQL and all of its processes stand still until the block ends."""
    stopped = _family(_postmaster(servers))
    try:
        for each in stopped:
            os.kill(each, signal.SIGSTOP)
        yield
    finally:
        for each in stopped:
            os.kill(each, signal.SIGCONT)


def _age(api: ApiProcess) -> float:
    text = httpx2.get(f"http://127.0.0.1:{api.metrics_port}/metrics", timeout=5).text
    name = "central_config_snapshot_age_seconds "
    return next(
        float(line.removeprefix(name)) for line in text.splitlines() if line.startswith(name)
    )


@pytest.fixture
def servers() -> Iterator[Servers]:
    found = Servers()
    found.start()
    yield found
    found.stop()


def test_the_age_of_what_is_served_grows(servers: Servers, redis_url: str, tmp_path: Path) -> None:
    url = address_of(servers.postgres.url, BOOTSTRAPPED)
    api = ApiProcess(url, redis_url, tmp_path / "api.log")
    api.start()
    try:
        admin = api.sign_in()
        workspace = Workspace(admin)
        admin.put(workspace.place("prod", "a"), 1)
        admin.close()
        assert _age(api) < OLD
        with hanging(servers):
            until(lambda: _age(api) > OLD, what="the age is scraped", seconds=2 * OLD)
        until(lambda: _age(api) < OLD, what="the age after it answers again")
    finally:
        api.stop()
