"""A job that runs is told of, where traces are on."""

import sys
from pathlib import Path

import pytest

from central_config.core.settings import Settings
from central_config.core.tracing import require_tracing
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


def test_a_worker_that_could_not_trace_does_not_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_tracing(settings)
    traced = settings.model_copy(update={"traces_endpoint": "http://127.0.0.1:9/v1/traces"})
    require_tracing(traced)
    for name in [name for name in sys.modules if name.startswith("opentelemetry")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(SystemExit, match="install central-config"):
        require_tracing(traced)
