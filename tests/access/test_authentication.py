"""From tokens to principals: what is remembered, for how long, and what ends it."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from access_fixtures import (
    ADDRESS,
    SettableClock,
    Workspaces,
    add_user,
    caller_of,
    service_on,
    sign_in,
)
from sqlalchemy import event, text

from central_config.access.model import Caller, Principal, RoleGrant
from central_config.access.service import AccessService, NewKey, UserPatch
from central_config.core.db import Database, open_database
from central_config.core.migrations import migrate
from central_config.core.problems import Problem
from central_config.core.settings import Settings
from central_config.supervisor.postgres import PostgresServer

pytestmark = pytest.mark.anyio


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(database.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.sync_engine, "before_cursor_execute", note)


async def new_key(service: AccessService, admin: Caller, **given: Any) -> tuple[Any, str]:
    return await service.keys.create(admin, NewKey(**{"name": "app", "workspace": "shop", **given}))


async def is_refused(access: AccessService, token: str) -> bool:
    outcome = await asyncio.gather(access.authenticate(token, ADDRESS), return_exceptions=True)
    if isinstance(outcome[0], Principal):
        return False
    with pytest.raises(Problem, match="invalid-credentials"):
        raise outcome[0]
    return True


async def test_a_key_stands_for_its_scope(
    access: AccessService, admin: Caller, workspaces: Workspaces
) -> None:
    key, token = await new_key(
        access, admin, environments=frozenset({"prod"}), key_prefix="app/", access="write"
    )
    shop, bank = (workspaces.refs[slug].id for slug in ("shop", "bank"))
    assert token.startswith(key.prefix + "_")
    assert len(token) == 55
    principal = await access.authenticate(token, ADDRESS)
    assert (principal.kind, principal.name, principal.id) == ("api_key", "app", key.id)
    assert principal.can("config.write", shop)
    assert not principal.can("config.read", bank)
    assert not principal.can("secret.reveal", shop)
    assert principal.reaches("prod", "app/db")
    assert not principal.reaches("prod", "other")
    assert not principal.reaches("dev", "app/db")
    assert access.known(token) == principal


async def test_most_requests_ask_no_database(
    access: AccessService, admin: Caller, database: Database, clock: SettableClock
) -> None:
    _, token = await new_key(access, admin)
    with statements(database) as seen:
        await asyncio.gather(*(access.authenticate(token, ADDRESS) for _ in range(200)))
        assert len(seen) == 1
        clock.advance(seconds=1.9)
        await access.authenticate(token, ADDRESS)
        assert len(seen) == 1
        clock.advance(seconds=1)  # used as it is, and asked for again meanwhile
        assert access.known(token) is not None
        await access._authenticator.cache.close()
        assert len(seen) == 2
        clock.advance(seconds=3.9)
        assert access.known(token) is not None
        await access._authenticator.cache.close()
        clock.advance(seconds=10)
        assert access.known(token) is None
        await access.authenticate(token, ADDRESS)


async def test_many_tokens_are_asked_for_at_once(
    access: AccessService, admin: Caller, database: Database
) -> None:
    tokens = [(await new_key(access, admin))[1] for _ in range(20)]
    with statements(database) as seen:
        found = await asyncio.gather(*(access.authenticate(each, ADDRESS) for each in tokens))
    assert len({principal.id for principal in found}) == 20
    assert len(seen) == 1


async def test_nobody_is_remembered_for_a_second(
    access: AccessService, database: Database, clock: SettableClock
) -> None:
    token = "cc_abcd1234_" + "x" * 43
    with statements(database) as seen:
        for _ in range(10):
            assert await is_refused(access, token)
        assert len(seen) == 1
        clock.advance(seconds=1)
        assert await is_refused(access, token)
        assert len(seen) == 2
        assert await is_refused(access, "not a token of ours")
        assert len(seen) == 2


async def test_wrong_tokens_are_throttled_and_right_ones_never(
    access: AccessService, admin: Caller
) -> None:
    _, token = await new_key(access, admin)
    for _ in range(20):
        assert await is_refused(access, "cc_abcd1234_" + "x" * 43)
    with pytest.raises(Problem, match="too-many-requests") as raised:
        await access.authenticate("cc_abcd1234_" + "x" * 43, ADDRESS)
    assert raised.value.retry_after is not None
    await access.authenticate(token, ADDRESS)


async def test_a_revoked_key_ends_at_once_here_and_within_five_seconds_elsewhere(
    access: AccessService,
    admin: Caller,
    database: Database,
    clock: SettableClock,
    workspaces: Workspaces,
) -> None:
    told, untold = (service_on(database, clock, workspaces) for _ in range(2))
    key, token = await new_key(access, admin)
    for service in (access, told, untold):
        await service.authenticate(token, ADDRESS)
    clock.advance(seconds=1)
    await access.keys.revoke(admin, key.id)
    await access.keys.revoke(admin, key.id)  # changes nothing
    assert await is_refused(access, token)
    assert not await is_refused(told, token)
    told.invalidate(f"key:{key.id}")
    assert await is_refused(told, token)
    clock.advance(seconds=4)
    assert await is_refused(untold, token)
    for service in (told, untold):
        await service.close()


async def test_changes_are_announced_to_all_processes(
    access: AccessService, admin: Caller, database: Database
) -> None:
    heard: list[str] = []
    async with database.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        await raw.add_listener("cc_access", lambda *event: heard.append(event[3]))
        key, _ = await new_key(access, admin)
        await access.keys.revoke(admin, key.id)
        ada = await add_user(access, admin, "ada")
        await access.sessions.sign_out(ada)
        role = await access.roles.create(admin, "reader", "", ["config.read"])
        await access.roles.replace(admin, "reader", "", ["config.read", "workspace.read"])
        await access.users.set_roles(admin, "ada", [RoleGrant("reader")])
        await access.users.deactivate(admin, "ada")
        await raw.execute("SELECT 1")
        user = f"user:{ada.principal.id}"
        session = f"session:{ada.principal.session_id}"
        assert heard == [f"key:{key.id}", session, f"role:{role.id}", user, user]
        await raw.reset()


async def test_roles_take_effect_on_sessions_that_are_open(
    access: AccessService, admin: Caller, workspaces: Workspaces
) -> None:
    ada = await add_user(access, admin, "ada")
    token = await sign_in(access, "ada")
    shop = workspaces.refs["shop"].id
    assert not (await access.authenticate(token, ADDRESS)).sees(shop)
    await access.users.set_roles(admin, "ada", [RoleGrant("viewer", shop)])
    principal = await access.authenticate(token, ADDRESS)
    assert principal.grants == {shop: frozenset({"workspace.read", "config.read"})}
    await access.users.update(admin, "ada", UserPatch(active=False))
    assert await is_refused(access, token)
    await access.users.update(admin, "ada", UserPatch(active=True))
    assert await is_refused(access, token)  # its session is gone for good
    assert ada.principal.id == principal.id


async def test_an_expired_key_fails_by_time(
    access: AccessService, admin: Caller, clock: SettableClock
) -> None:
    moment = clock.now()
    clock.advance(seconds=-2)
    _, token = await new_key(access, admin, expires_at=moment)
    assert not await is_refused(access, token)
    clock.advance(seconds=2)
    assert access.known(token) is None
    assert await is_refused(access, token)
    with pytest.raises(Problem, match="passed already"):
        await new_key(access, admin, expires_at=moment)


async def test_what_was_read_before_a_revocation_is_not_remembered_after_it(
    access: AccessService, admin: Caller
) -> None:
    key, token = await new_key(access, admin)
    cache = access._authenticator.cache
    load = cache._load
    revoked = False

    async def late(tokens: Any) -> Any:
        nonlocal revoked
        found = await load(tokens)
        if not revoked:
            revoked = True
            await access.keys.revoke(admin, key.id)
        return found

    cache._load = late
    assert await is_refused(access, token)
    assert access.known(token) is None


async def test_usage_is_counted_in_memory_and_written_together(
    access: AccessService, admin: Caller, database: Database, clock: SettableClock
) -> None:
    tokens = [(await new_key(access, admin))[1] for _ in range(3)]
    for count, token in enumerate(tokens):
        for _ in range(count):
            await access.authenticate(token, ADDRESS)
    clock.advance(seconds=1)
    access.known(tokens[2])
    with statements(database) as seen:
        await access.flush_usage()
        assert len([each for each in seen if "UPDATE api_keys" in each]) == 1
        await access.flush_usage()
        assert len([each for each in seen if "UPDATE api_keys" in each]) == 1
    keys = await access.keys.page(admin, "shop", None, 10)
    assert [key.usage_count for key in keys] == [3, 1, 0]
    assert keys[0].last_used == clock.now()
    assert keys[2].last_used is None
    async with database.connect() as connection:
        await connection.execute(
            text(
                "SELECT name, created_at, last_used, usage_count FROM api_keys"
                " ORDER BY last_used DESC;"
            )
        )


async def test_processes_that_count_the_same_keys_do_not_block_each_other(
    access: AccessService,
    admin: Caller,
    database: Database,
    clock: SettableClock,
    workspaces: Workspaces,
) -> None:
    tokens = [(await new_key(access, admin))[1] for _ in range(30)]
    services = [service_on(database, clock, workspaces) for _ in range(4)]
    for number, service in enumerate(services):
        for token in tokens if number % 2 else reversed(tokens):
            await service.authenticate(token, ADDRESS)
    await asyncio.gather(*(service.close() for service in services))
    keys = await access.keys.page(admin, None, None, 100)
    assert {key.usage_count for key in keys} == {4}


def test_an_outage_of_the_database() -> None:
    """What is known goes on for a minute; nobody is called a stranger; counts are kept."""
    directory = tempfile.TemporaryDirectory(prefix="access-outage-")
    Path(directory.name).chmod(0o755)
    clock = SettableClock()
    with (
        directory,
        PostgresServer(data_dir=Path(directory.name) / "data", durable=False) as server,
        asyncio.Runner() as runner,
    ):
        runner.run(migrate(Settings(database_url=server.url)))
        stage = Outage(open_database(server.url, Settings()), clock)
        runner.run(stage.before())
        server.stop()
        runner.run(stage.during())
        server.start()
        runner.run(stage.after())


class Outage:
    def __init__(self, database: Database, clock: SettableClock) -> None:
        self.database = database
        self.clock = clock

    async def before(self) -> None:
        workspaces = Workspaces(self.database)
        await workspaces.add("shop")
        self.access = access = service_on(self.database, self.clock, workspaces)
        await access.bootstrap()
        admin = await caller_of(access, "admin", "a password for tests")
        self.known = (await new_key(access, admin))[1]
        self.unseen = (await new_key(access, admin))[1]
        await access.authenticate(self.known, ADDRESS)

    async def during(self) -> None:
        for seconds in (3, 10, 40, 7):  # 60 in all
            self.clock.advance(seconds=seconds)
            await self.access.authenticate(self.known, ADDRESS)
        for token in (self.unseen, "ccs_" + "x" * 43):
            await self.not_ready(token)
        with pytest.raises(Exception):  # noqa: B017 - whichever the driver has for it
            await self.access.flush_usage()
        begin = asyncio.get_running_loop().time()
        for _ in range(50):
            await self.access.authenticate(self.known, ADDRESS)
        assert asyncio.get_running_loop().time() - begin < 1
        self.clock.advance(seconds=1)
        await self.not_ready(self.known)

    async def not_ready(self, token: str) -> None:
        with pytest.raises(Problem, match="not-ready") as raised:
            await self.access.authenticate(token, ADDRESS)
        assert raised.value.retry_after == 1

    async def after(self) -> None:
        principal = await self.retried(lambda: self.access.authenticate(self.known, ADDRESS))
        await self.access.authenticate(self.unseen, ADDRESS)
        await self.access.flush_usage()
        async with self.database.connect() as connection:
            query = text("SELECT usage_count FROM api_keys WHERE id = :id")
            assert (await connection.execute(query, {"id": principal.id})).scalar_one() == 56
        await self.access.close()
        await self.database.dispose()

    async def retried(self, attempt: Callable[[], Coroutine[Any, Any, Principal]]) -> Principal:
        for _ in range(50):
            try:
                return await attempt()
            except Problem as problem:
                assert problem.code == "not-ready"  # noqa: PT017
                await asyncio.sleep(0.1)
        raise AssertionError
