"""A job that runs is told of, where traces are on."""

from pathlib import Path

import pytest

from central_config.core.settings import Settings
from tests.support.traces import attributes, collecting
from tests.worker.support import Bench, Child

pytestmark = pytest.mark.anyio


async def test_a_run_is_a_span(settings: Settings, bench: Bench, tmp_path: Path) -> None:
    with collecting() as collector:
        further = {"TRACES_ENDPOINT": collector.url, "TRACES_SAMPLE": "1"}
        worker = Child("worker", settings, tmp_path / "worker.log", further)
        try:
            job = await bench.enqueue("test.echo", greeting="hello")
            await bench.until(job, "done")
            span = collector.wait_for("job test.echo")
        finally:
            worker.kill()
    told = attributes(span)
    assert told["central_config.job"] == str(job)
    assert told["central_config.attempt"] == 1
