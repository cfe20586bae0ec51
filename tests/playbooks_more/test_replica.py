"""A replica whose way to PostgreSQL is dead serves old values; its restart mends it."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from central_config.supervisor.local import processes
from central_config.supervisor.paths import Paths
from tests.crash.one_machine import serving
from tests.playbooks_more.line import Line
from tests.playbooks_more.support import Operator, soon
from tests.support.api import MASTER_KEY, free_port

pytestmark = pytest.mark.timeout(170)


@pytest.fixture
def place() -> Iterator[Path]:
    # Short: a unix socket's path holds 107 bytes.
    top = Path(tempfile.mkdtemp(prefix="cc-stale-", dir="/var/tmp"))
    top.chmod(0o755)
    yield top
    shutil.rmtree(top, ignore_errors=True)


def api_of(data: Path) -> int:
    return {each.name: each.pid for each in processes(Paths(data))}["api"]


def test_a_replica_cut_off_is_restarted(database_url: str, place: Path) -> None:
    data = place / "data"
    data.mkdir()
    line = Line(database_url)
    port, metrics_port = free_port(), free_port()
    ports = {"PORT": str(port), "METRICS_PORT": str(metrics_port)}
    shared = {**ports, "MASTER_KEY": MASTER_KEY, "CELERY_WORKER_CONCURRENCY": "1"}
    operator = Operator({"PATH": "/usr/bin:/bin"}, place, **shared, DATABASE_URL=database_url)
    try:
        with serving(data, **shared, DATABASE_URL=line.url) as machine:
            machine.wait_until_ready()
            ready = f"http://127.0.0.1:{port}/health/ready"
            assert operator.run("replica-stale").code == 0
            before = api_of(data)
            assert line.cut() > 0
            # A healthy replica confirms every second.
            soon(lambda: stale(operator), 60)
            said = operator.run("replica-stale")
            assert said.code == 1, said.out
            assert said.finding("database.reachable")["status"] != "bad"
            assert [each["call"]["kind"] for each in said.steps] == ["signal"]
            assert api_of(data) == before
            began = time.monotonic()
            done = operator.apply("--yes")
            assert done.code == 0, done.out + done.err
            assert time.monotonic() - began < 90
            assert api_of(data) != before
            assert httpx2.get(ready, timeout=5).status_code == 200
    finally:
        line.close()


def stale(operator: Operator) -> bool:
    url = f"http://127.0.0.1:{operator.environment['METRICS_PORT']}/metrics"
    name = "central_config_snapshot_age_seconds "
    lines = httpx2.get(url, timeout=5).text.splitlines()
    return float(next(each for each in lines if each.startswith(name)).split()[1]) > 6
