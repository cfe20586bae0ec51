"""A process that follows a database notices that it was put back, whatever revisions say."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import text

from central_config.configurations.cache import Snapshots, Step
from central_config.configurations.model.cells import Site
from central_config.core.clock import SystemClock
from central_config.core.db import Database, open_database, transaction
from central_config.core.ids import new_id
from central_config.core.settings import Settings
from central_config.secrets.service import Vault, master_key
from central_config.watch.relay import Relay
from central_config.workspaces.service import gaps, move_past, revision_of, workspace_by_id

_FILL = """
    INSERT INTO cc_workspace (id, slug, name, description, revision, oldest_revision, created_at)
    VALUES (:workspace, 'w', '', '', 1, 0, now());
    INSERT INTO cc_environment (id, workspace_id, slug, requires_approval, description, created_at)
    VALUES (:environment, :workspace, 'prod', false, '', now());
    INSERT INTO cc_revision (workspace_id, revision, kind, published_at, actor_name, message,
                             topology)
    VALUES (:workspace, 1, 'environments', now(), 'x', '', :topology);
    INSERT INTO cc_configuration (workspace_id, environment_id, key, status, body, version,
                                  revision, created_at, updated_at)
    VALUES (:workspace, :environment, 'key', 'active', '"one"', 1, 1, now(), now())
"""
_OTHER = "UPDATE cc_configuration SET body = '\"two\"'"
_RESTORED = """
    INSERT INTO cc_restoration (workspace_id, revision, after_revision, restore_id, restored_at)
    VALUES (:workspace, 1, 1, :restore, now())
"""


class Process:
    """What a replica has of its own."""

    def __init__(self, settings: Settings) -> None:
        self.database: Database = open_database(settings.require_database_url(), settings)
        self.vault = Vault(self.database, master_key(settings), SystemClock())
        self.snapshots = Snapshots(self.database, self.vault)
        self.relay = Relay(self.database, self.snapshots)
        self.steps: list[Step] = []
        self.snapshots.listen(self.steps.append)
        self.workspace, self.environment = new_id(), new_id()

    async def do(self, statements: str, **values: object) -> None:
        async with transaction(self.database) as connection:
            for statement in statements.split(";"):
                named = {name: value for name, value in values.items() if f":{name}" in statement}
                await connection.execute(text(statement), named)

    async def fill(self) -> None:
        environment = f'[{{"id":"{self.environment}","slug":"prod","parent_id":null,'
        topology = environment + '"requires_approval":false,"description":""}]'
        await self.do(
            _FILL, workspace=self.workspace, environment=self.environment, topology=topology
        )

    async def value(self) -> bytes:
        state = await self.snapshots.get(self.workspace)
        served = state.served(Site(self.environment, "key"))
        assert served is not None
        return served.body

    async def move(self, margin: int) -> UUID:
        restore = new_id()
        async with transaction(self.database) as connection:
            await move_past(connection, {self.workspace: 7}, margin, restore, "x", "a test")
        return restore


@pytest.fixture
async def mine(settings: Settings) -> AsyncIterator[Process]:
    made = Process(settings)
    await made.fill()
    yield made
    await made.database.dispose()


@pytest.mark.anyio
async def test_a_restore_that_moved_no_revision_is_noticed(mine: Process) -> None:
    assert await mine.value() == b'"one"'
    cipher = await mine.vault.cipher(mine.workspace)
    await mine.relay.catch_up()
    await mine.do(_OTHER)
    await mine.relay.catch_up()
    assert await mine.value() == b'"one"'  # nobody said so
    await mine.do(_RESTORED, workspace=mine.workspace, restore=new_id())
    await mine.relay.catch_up()
    assert await mine.value() == b'"two"'
    assert mine.steps[-2].gone
    assert await mine.vault.cipher(mine.workspace) is not cipher


@pytest.mark.anyio
async def test_watchers_get_all_of_it_in_their_stream(mine: Process) -> None:
    await mine.value()
    await mine.relay.catch_up()
    await mine.do(_OTHER)
    await mine.move(1)  # so close that there is nothing in between: 7 is seen, 8 is next
    await mine.relay.catch_up()
    assert await mine.value() == b'"two"'
    assert (mine.steps[-1].gone, mine.steps[-1].changes, mine.steps[-1].revision) == (
        False,
        None,
        8,
    )
    async with mine.database.connect() as connection:
        assert await gaps(connection, mine.workspace) == ((1, 8),)
        workspace = await workspace_by_id(connection, mine.workspace)
        assert workspace is not None
        assert await revision_of(connection, workspace, 1) == 1
    state = await mine.snapshots.get(mine.workspace)
    assert [state.lost(revision) for revision in (1, 2, 7, 8)] == [False, True, True, False]
