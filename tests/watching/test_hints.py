"""What announcements cost, and how soon they come again when their connection was lost."""

import asyncio
from typing import Any

import pytest

from central_config.configurations.service.edits import Wish
from central_config.core.db import connect_arguments, open_connection
from central_config.core.listen import NotificationListener
from central_config.core.settings import Settings
from central_config.watch.relay import Relay
from tests.watching.conftest import Process

pytestmark = pytest.mark.anyio


async def test_a_hint_of_what_is_held_already_costs_no_look(process: Process) -> None:
    admin = await process.workspace()
    revision = await process.put(admin, Wish("base", "a", "set", 0))
    relay = Relay(process.services.database, process.services.snapshots)
    workspace = admin.place.id

    def looks(payload: str) -> bool:
        relay._hint.clear()
        relay.hint(payload)
        return relay._hint.is_set()

    assert not looks(f"{workspace}:{revision}")
    assert looks(f"{workspace}:{revision + 1}")
    assert not looks("01a20000-0000-7000-8000-000000000000:7"), "nobody asked for it here"
    assert looks(f"{workspace}:{revision},{workspace}:{revision + 1}")
    for unclear in ("*", "", "nonsense", f"nonsense:{revision}", f"{workspace}:x"):
        assert looks(unclear)


async def test_a_lost_connection_is_opened_again_at_once(settings: Settings) -> None:
    url = settings.require_database_url()
    connected, heard = asyncio.Event(), asyncio.Event()
    listener = NotificationListener(url, {"channel": lambda _: heard.set()}, connected.set)
    listener.start()
    asking = await open_connection(**connect_arguments(url))
    try:
        async with asyncio.timeout(5):
            await connected.wait()
        connected.clear()
        ended: Any = await asking.fetch(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE application_name = 'central-config-listen' AND datname = current_database()"""
        )
        assert len(ended) == 1
        async with asyncio.timeout(2):
            await connected.wait()
            await asking.execute("SELECT pg_notify('channel', 'x')")
            await heard.wait()
    finally:
        await asking.close()
        await listener.stop()
