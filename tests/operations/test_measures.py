"""The metrics of jobs, schedulers and the audit log, as they are scraped."""

import asyncio
import math
import time
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from central_config.core.clock import SystemClock
from central_config.core.db import Database, open_database
from central_config.core.jobs import store
from central_config.core.settings import Settings
from central_config.operations.model.reports import Status
from central_config.operations.service import measuring as measuring_service
from central_config.operations.service.measuring import Measuring
from central_config.operations.service.verification import Verification
from tests.monitoring.test_hanging_database import hanging
from tests.operations.conftest import execute, metric, process, until
from tests.support.api import ApiProcess, Client, Workspace
from tests.support.servers import Servers

INTACT = "central_config_audit_chain_intact"
AGE = "central_config_audit_chain_check_age_seconds"
LEADERS = "central_config_beat_leaders"


def said(name: str, **labels: str) -> float:
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None
    return found


@pytest.mark.anyio
async def test_what_the_database_says_is_measured(database: Database) -> None:
    measuring = Measuring(database)
    assert math.isnan(said(LEADERS))
    await measuring.measure()
    assert said("central_config_jobs", status="queued") == 0
    assert said("central_config_jobs_oldest_queued_seconds") == 0
    assert said(LEADERS) == 0
    assert math.isnan(said(INTACT))
    assert said(AGE) == math.inf
    async with database.begin() as connection:
        for _ in range(3):
            await store.enqueue(connection, "test.wait", {})
    await execute(
        database,
        "UPDATE cc_job SET run_after = now() - interval '90 seconds'"
        " WHERE id = (SELECT min(id::text)::uuid FROM cc_job)",
    )
    async with database.connect() as leader:
        await leader.execute(text("SELECT pg_advisory_lock(1667458658)"))
        async with database.connect() as other:  # another number is another lock
            await other.execute(text("SELECT pg_advisory_lock(1667458659)"))
            await measuring.measure()
            await other.invalidate()
        await leader.invalidate()
    assert said("central_config_jobs", status="queued") == 3
    assert 90 <= said("central_config_jobs_oldest_queued_seconds") < 120
    assert said(LEADERS) == 1


@pytest.mark.anyio
async def test_a_leader_of_another_database_is_not_ours(
    database: Database, template_url: str, settings: Settings
) -> None:
    elsewhere = open_database(template_url.replace("/central_config?", "/postgres?"), settings)
    try:
        async with elsewhere.connect() as leader:
            await leader.execute(text("SELECT pg_advisory_lock(1667458658)"))
            await Measuring(database).measure()
            found = said(LEADERS)
            await leader.invalidate()
    finally:
        await elsewhere.dispose()
    assert found == 0


@pytest.mark.anyio
async def test_a_verification_is_remembered(database: Database) -> None:
    verification, measuring = Verification(database, SystemClock()), Measuring(database)
    assert (await verification.run()).status is Status.OK
    await measuring.measure()
    assert said(INTACT) == 1
    assert 0 <= said(AGE) < 30
    await execute(database, "UPDATE cc_report SET finished_at = finished_at - interval '9 days'")
    await measuring.measure()
    assert 9 * 86_400 <= said(AGE) < 9 * 86_400 + 30


@pytest.mark.anyio
async def test_a_database_that_hangs_holds_nobody_up(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring_service, "_PATIENCE", 1.0)
    settings = Settings(database_url=servers.postgres.url)  # pyright: ignore[reportArgumentType]
    database = open_database(settings.require_database_url(), settings)
    measuring = Measuring(database)
    await measuring.measure()
    with hanging(servers):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await measuring.measure()
        assert time.monotonic() - began < 6
        assert said(LEADERS) == 0  # not old enough to be forgotten
    await measuring.measure()
    await database.dispose()


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("measures")


@pytest.mark.timeout(200)
@pytest.mark.usefixtures("worker")
def test_a_broken_chain_and_schedulers_are_seen_within_a_turn(
    api: ApiProcess, operator: Client, logs: Path
) -> None:
    Workspace(operator)
    until(lambda: metric(api, LEADERS) == 0, "no scheduler leads", 15)
    with process("beat", api.environment, logs / "beat.log"):
        until(lambda: metric(api, LEADERS) == 1, "a scheduler leads")
        operator.ok("POST", "/schedules/audit.verify/start")
        until(lambda: metric(api, INTACT) == 1, "the first verification")
    where = asyncio.run(_forge(api))
    job = operator.ok("POST", "/schedules/audit.verify/start")
    until(
        lambda: operator.ok("GET", f"/jobs/{job['id']}")["status"] in {"done", "failed"},
        "the verification",
    )
    ended = operator.ok("GET", f"/jobs/{job['id']}")
    assert ended["status"] == "failed"
    assert ended["attempts"] == 1
    assert f"event {where} of the chain of the system is not what was written" in ended["error"]
    until(lambda: metric(api, INTACT) == 0, "the break is measured", 15)
    assert metric(api, LEADERS) == 0
    last = operator.ok("GET", "/reports", params={"kind": "audit.verify", "limit": 1})
    assert last["items"][0]["status"] == "bad"
    assert last["items"][0]["sections"][0]["facts"]["broken"]["sequence"] == where


async def _forge(api: ApiProcess) -> int:
    """Change an event past the service; return which."""
    settings = Settings(database_url=api.environment["DATABASE_URL"])  # pyright: ignore[reportArgumentType]
    database = open_database(settings.require_database_url(), settings)
    async with database.begin() as connection:
        changed = await connection.execute(
            text(
                "UPDATE cc_audit_log SET actor_name = 'nobody' WHERE chain = :chain"
                " AND sequence = 3 RETURNING sequence"
            ),
            {"chain": "00000000-0000-0000-0000-000000000000"},
        )
        where = int(changed.scalar_one())
    await database.dispose()
    return where
