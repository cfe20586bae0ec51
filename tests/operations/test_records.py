"""What weekly and monthly maintenance say of backups, certificates and the audit log's months."""

from pathlib import Path

import pytest

from central_config.core.clock import SystemClock
from central_config.core.db import Database
from central_config.core.settings import Settings
from central_config.operations.model.reports import Section, Status
from central_config.operations.service.upkeep.ground import Ground
from central_config.operations.service.upkeep.plans import WEEKLY
from tests.operations.conftest import execute, section
from tests.support.api import free_port

pytestmark = pytest.mark.anyio


async def look(database: Database, settings: Settings, name: str, **more: object) -> Section:
    here = settings.model_copy(update=more)
    return await section(WEEKLY, name, Ground(database, here, SystemClock()))


async def test_a_backup_counts_once_it_was_restored(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    none = await look(database, settings, "backups")
    assert none.status is Status.SKIPPED
    place = {"backup_repository": str(tmp_path)}
    never = await look(database, settings, "backups", **place)
    assert never.status is Status.BAD
    assert "restore drill never" in never.summary
    made = """INSERT INTO cc_backup_run (id, action, method, kind, label, outcome, started_at,
                                         finished_at, detail)
              VALUES (gen_random_uuid(), '{}', 'portable', '{}', 'a', 'done', now(), now(),
                      '{{}}')"""
    await execute(database, *(made.format("create", kind) for kind in ("full", "export")))
    undrilled = await look(database, settings, "backups", **place)
    assert undrilled.status is Status.BAD
    await execute(database, made.format("drill", "export"))
    drilled = await look(database, settings, "backups", **place)
    assert "restore drill never" not in drilled.summary


async def test_certificates_nobody_can_reach_are_no_good_ones(
    database: Database, settings: Settings
) -> None:
    assert (await look(database, settings, "certificates")).status is Status.SKIPPED
    gone = f"edge=127.0.0.1:{free_port()}"
    found = await look(database, settings, "certificates", certificates=gone)
    assert found.status is Status.UNKNOWN
    assert found.summary.startswith("edge: ")


async def test_the_audit_log_keeps_its_months(database: Database, settings: Settings) -> None:
    found = await look(database, settings, "audit retention")
    assert found.status is Status.OK
    assert found.summary.startswith("0 of 0 months past retention")
