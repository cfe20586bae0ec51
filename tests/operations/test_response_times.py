"""How long answers took: as a real Prometheus says, and as the API of this machine says."""

from collections.abc import Iterator

import httpx2
import pytest
import yaml

from central_config.core.clock import SystemClock
from central_config.core.db import open_database
from central_config.core.settings import Settings
from central_config.operations.model.reports import Section, Status
from central_config.operations.service.upkeep import performance
from central_config.operations.service.upkeep.ground import Ground
from tests.monitoring.tools import background
from tests.operations.conftest import until
from tests.support.api import ApiProcess, Client, free_port

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def prometheus(api: ApiProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = tmp_path_factory.mktemp("prometheus")
    configuration = {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [
            {
                "job_name": "central-config",
                "static_configs": [{"targets": [f"127.0.0.1:{api.metrics_port}"]}],
            }
        ],
    }
    (place / "prometheus.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={place / 'prometheus.yml'}",
        f"--storage.tsdb.path={place / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
    ]
    with background(command, place / "log", f"{url}/-/ready"):
        yield url


async def look(api: ApiProcess, **more: object) -> Section:
    settings = Settings.model_validate(
        {"database_url": api.environment["DATABASE_URL"], "metrics_port": api.metrics_port, **more}
    )
    database = open_database(settings.require_database_url(), settings)
    try:
        return await performance.response_times(Ground(database, settings, SystemClock()))
    finally:
        await database.dispose()


async def test_the_api_of_this_machine_tells(api: ApiProcess, operator: Client) -> None:
    for _ in range(20):
        operator.ok("GET", "/me")
    found = await look(api)
    assert found.status is Status.OK, found
    assert found.summary.endswith("(this machine's API since it began)")
    assert 0 < found.facts["p50"] <= found.facts["p95"] <= found.facts["p99"] < 30


async def test_prometheus_tells_of_the_week(
    api: ApiProcess, operator: Client, prometheus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scraped() -> bool:
        operator.ok("GET", "/me")
        asked = 'rate(http_request_duration_seconds_count{route="/api/v1/me"}[7d]) > 0'
        answer = httpx2.get(f"{prometheus}/api/v1/query", params={"query": asked})
        return bool(answer.json()["data"]["result"])

    until(scraped, "two scrapes with something between them")
    found = await look(api, prometheus_url=prometheus)
    assert found.status is Status.OK, found
    assert found.summary.endswith("(Prometheus, 7d, all replicas)")
    assert 0 < found.facts["p50"] <= found.facts["p95"] <= found.facts["p99"] < 30
    monkeypatch.setattr(performance, "_SLOW_ANSWERS", 0.0)
    assert (await look(api, prometheus_url=prometheus)).status is Status.WARNING
    refused = await look(api, prometheus_url=f"{prometheus}/nowhere")
    assert refused.status is Status.UNKNOWN


async def test_nobody_tells(api: ApiProcess) -> None:
    secret = f"http://me:hunter2@127.0.0.1:{free_port()}"
    gone = await look(api, prometheus_url=secret)
    assert gone.status is Status.UNKNOWN
    assert "Prometheus does not answer" in gone.summary
    assert "hunter2" not in str(gone)
    nobody = await look(api, metrics_port=free_port())
    assert nobody.status is Status.SKIPPED
    assert "PROMETHEUS_URL" in nobody.advice[0]
    assert (await look(api, metrics_port=0)).status is Status.SKIPPED
