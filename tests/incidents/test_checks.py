"""What can be looked at is not called good because something beside it is."""

import math
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from central_config.access.service import AccessService
from central_config.audit.service import AuditService
from central_config.core.clock import SystemClock
from central_config.core.db import Database, open_database, transaction
from central_config.core.ids import new_id
from central_config.core.metrics import CERTIFICATE_EXPIRY
from central_config.core.settings import Settings
from central_config.incidents.service.checks import Checks

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The database of this test."""
    database = open_database(settings.require_database_url(), settings, application="tests")
    yield database
    await database.dispose()


@pytest.fixture
def checks(database: Database) -> Checks:
    """The checks; those here have nothing to do with access."""
    access = AccessService.__new__(AccessService)
    return Checks(database, AuditService(database), access, SystemClock())


async def backed_up(database: Database, kind: str, at: datetime) -> None:
    async with transaction(database) as connection:
        await connection.execute(
            text(
                "INSERT INTO cc_backup_run VALUES (:id, 'create', 'portable', :kind, :kind, 'done',"
                " :at, :at, 1, NULL, '{}')"
            ),
            {"id": new_id(), "kind": kind, "at": at},
        )


async def test_a_backup_of_the_configuration_is_none_of_the_database(
    checks: Checks, database: Database
) -> None:
    now = SystemClock().now()
    await backed_up(database, "configuration", now)
    none = await checks.look("backup-completed", None)
    assert none is not None
    assert none.fine is False
    await backed_up(database, "export", now - timedelta(days=30))
    old = await checks.look("backup-completed", None)
    assert old is not None
    assert old.fine is False
    await backed_up(database, "export", now)
    fresh = await checks.look("backup-completed", None)
    assert fresh is not None
    assert fresh.fine is True


async def test_a_certificate_that_was_never_read_is_not_called_good(checks: Checks) -> None:
    try:
        CERTIFICATE_EXPIRY.labels("read").set(SystemClock().now().timestamp() + 86_400 * 200)
        CERTIFICATE_EXPIRY.labels("unread").set(math.nan)
        found = await checks.look("certificates", None)
        assert found is not None
        assert found.fine is None
        assert "never read: unread" in found.evidence
    finally:
        CERTIFICATE_EXPIRY.clear()
