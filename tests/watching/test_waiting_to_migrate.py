"""A process that waits for another one's migration waits for as long as that takes."""

import asyncio

import pytest

from central_config.core import db, migrations
from central_config.core.settings import Settings

pytestmark = pytest.mark.anyio


async def test_waiting_for_the_lock_has_no_end(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "STATEMENT_TIMEOUT_MS", 300)
    url = settings.require_database_url()
    # The number of the lock, as processes of other versions know it.
    holder = await db.open_connection(**db.connect_arguments(url))
    await holder.execute("SELECT pg_advisory_lock($1)", 0x63636667)
    waiting = asyncio.create_task(migrations.migrate(settings))
    try:
        await asyncio.sleep(1)
        assert not waiting.done()
    finally:
        await holder.close()
    await waiting
