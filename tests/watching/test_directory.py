"""A slug names what it names now, except while the database is away."""

import asyncio
import time

import pytest

from central_config.api import directory as module
from central_config.api.directory import WorkspaceDirectory
from central_config.workspaces.service import WorkspaceService
from tests.watching.conftest import Process, caller

pytestmark = pytest.mark.anyio


async def test_a_name_given_again_is_looked_up_before_it_is_used(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await process.workspace()
    workspaces: WorkspaceService = process.services.by_type[WorkspaceService]
    directory = WorkspaceDirectory(workspaces)
    process.services.snapshots.listen(directory.take)
    slug = admin.place.slug
    assert await directory.resolve(slug) == admin.place

    await workspaces.delete(admin)
    again = await workspaces.create(caller(None), slug, "", "")
    monkeypatch.setattr(module, "BELIEVED_FOR", 0)
    found = await directory.resolve(slug)
    assert found is not None
    assert found.id == again.id

    monkeypatch.setattr(module, "BELIEVED_FOR", 60)
    await workspaces.delete(caller(found))
    directory.forget(slug)
    assert await directory.resolve(slug) is None


async def test_a_workspace_that_is_gone_takes_its_name_with_it(process: Process) -> None:
    admin = await process.workspace()
    workspaces: WorkspaceService = process.services.by_type[WorkspaceService]
    directory = WorkspaceDirectory(workspaces)
    process.services.snapshots.listen(directory.take)
    assert await directory.resolve(admin.place.slug) == admin.place
    await workspaces.delete(admin)
    await process.services.relay.catch_up()
    assert await directory.resolve(admin.place.slug) is None


async def test_names_stay_known_and_quick_while_the_database_is_away(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, second = await process.workspace(), await process.workspace()
    directory = WorkspaceDirectory(process.services.by_type[WorkspaceService])
    for each in (admin, second):
        await directory.resolve(each.place.slug)
    monkeypatch.setattr(module, "BELIEVED_FOR", 0)
    monkeypatch.setattr(module, "LOOK_WITHIN", 0.2)
    monkeypatch.setattr(module, "TRY_AGAIN_AFTER", 0.3)
    database = process.services.database
    async with database.connect(), database.connect():  # nobody else gets one
        began = time.monotonic()
        assert await directory.resolve(admin.place.slug) == admin.place
        assert time.monotonic() - began < 1
        began = time.monotonic()
        for _ in range(100):
            assert await directory.resolve(admin.place.slug) == admin.place
            assert await directory.resolve(second.place.slug) == second.place
        assert time.monotonic() - began < 0.15
    await process.services.by_type[WorkspaceService].delete(admin)
    for _ in range(50):
        if await directory.resolve(admin.place.slug) is None:
            break
        await asyncio.sleep(0.1)
    else:
        pytest.fail("the name of a deleted workspace is still known")
