"""The jobs of backups, run as the worker runs them, and what metrics say of them."""

import math
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from central_config.backups.service.catalogue import BackupAges
from central_config.backups.tasks import CONFIGURATION, CREATE, DRILL, KINDS, SCHEDULE
from central_config.core.clock import SystemClock
from central_config.core.db import open_database
from central_config.core.ids import new_id
from central_config.core.jobs.model import Job, JobContext, JobFailedError
from central_config.core.settings import Settings
from tests.backups.conftest import runs

_KINDS = {each.name: each for each in KINDS}


async def run(kind: str, settings: Settings) -> Any:
    """Do the work of a job."""
    moment = SystemClock().now()
    times = {"created_at": moment, "run_after": moment, "started_at": moment}
    rest = {"heartbeat_at": moment, "finished_at": None, "dedupe_key": None, "error": None}
    job = Job(new_id(), kind, {}, "running", 1, None, "", None, **times, **rest)
    database = open_database(settings.require_database_url(), settings)
    try:
        return await _KINDS[kind].run(JobContext(job, database, settings, SystemClock()))
    finally:
        await database.dispose()


@pytest.mark.anyio
async def test_a_day_and_a_week(backed_up: Settings) -> None:
    made = await run(CREATE, backed_up)
    assert made["deleted"] == []
    drilled = await run(DRILL, backed_up)
    assert drilled["label"] == made["label"]
    assert all(each["ok"] for each in drilled["checks"])
    kept = await run(CONFIGURATION, backed_up)
    assert kept["label"].startswith("configuration-")
    done = [(each.action, each.kind, each.outcome) for each in await runs(backed_up)]
    assert done == [
        ("create", "configuration", "done"),
        ("drill", "export", "done"),
        ("create", "export", "done"),
    ]


@pytest.mark.anyio
async def test_without_a_repository_nothing_is_done(settings: Settings) -> None:
    for name in (CREATE, CONFIGURATION, DRILL):
        assert await run(name, settings) == {"skipped": "BACKUP_REPOSITORY is not set"}
    assert {each.kind for each in SCHEDULE} == set(_KINDS)


@pytest.mark.anyio
async def test_what_fails_is_kept_with_the_job(backed_up: Settings, tmp_path: Path) -> None:
    given = {**backed_up.model_dump(exclude_unset=True), "postgres_bin": tmp_path}
    with pytest.raises(JobFailedError, match="there is no pg_dump"):
        await run(CREATE, Settings(**given))
    (failed,) = await runs(backed_up)
    assert (failed.action, failed.outcome) == ("create", "failed")
    with pytest.raises(JobFailedError, match="there is no export backup"):
        await run(DRILL, backed_up)


@pytest.mark.anyio
async def test_ages_are_told(backed_up: Settings) -> None:
    def told() -> list[float | None]:
        name = "central_config_backup_age_seconds"
        found = [REGISTRY.get_sample_value(name, {"kind": each}) for each in KINDS_TOLD]
        return [*found, REGISTRY.get_sample_value("central_config_restore_drill_age_seconds")]

    database = open_database(backed_up.require_database_url(), backed_up)
    try:
        ages = BackupAges(database, SystemClock())
        assert all(each is not None and math.isnan(each) for each in told())
        await ages.look()
        assert told() == [math.inf] * 3
        await run(CREATE, backed_up)
        await ages.look()
        database_age, *others = told()
        assert database_age is not None
        assert 0 <= database_age < 60
        assert others == [math.inf] * 2
    finally:
        await database.dispose()


KINDS_TOLD = ("database", "configuration")
