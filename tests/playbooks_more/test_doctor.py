"""The doctor finds each fault that was planted, and none in a sound installation."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from central_config.core.db import connect_arguments
from central_config.core.settings import Settings
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.model.runs import Exit
from central_config.playbooks.service.doctor import PAGES, examine, exit_code, page_of
from central_config.playbooks.service.world import World
from central_config.playbooks.store.pooler import is_pooled
from tests.docs.pages import ROOT
from tests.playbooks_more.support import by_check, settings_of, world_of
from tests.support.api import ADMIN_PASSWORD, ApiProcess, Workspace, free_port

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(90)]

OTHER_KEY = "b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXItb3Q="


def changed(settings: Settings, **more: str) -> Settings:
    """Return the settings with others in their place, secret ones too."""
    return Settings(**{**settings.model_dump(exclude_unset=True), **more})


async def doctor(world: World, replicas: int = 1) -> dict[str, Finding]:
    return by_check(await examine(world, replicas))


@pytest.fixture
def sealed(server: ApiProcess, workspace: Workspace) -> ApiProcess:
    """An installation that holds a secret, and so a data key."""
    workspace.admin.put(workspace.place("base", "password"), "s3cret", secret=True)
    return server


async def test_a_sound_installation(sealed: ApiProcess) -> None:
    found = await doctor(world_of(sealed))
    bad = {name for name, each in found.items() if each.status is Status.BAD}
    # Tests do without fsync.
    assert bad == {"database.durable"}
    for name in ("rights.role", "schema.revision", "master_key.fits", "pooler.listen"):
        assert found[name].status is Status.OK, found[name]
    for name in ("machine.port.api", "machine.port.metrics"):
        assert found[name].status is Status.OK
        assert "listens" in found[name].summary
    assert found["backups.configured"].status is Status.WARNING


async def test_another_master_key(sealed: ApiProcess) -> None:
    world = World(changed(settings_of(sealed), master_key=OTHER_KEY))
    found = await doctor(world)
    assert found["master_key.fits"].status is Status.BAD
    assert OTHER_KEY not in str(found)


async def test_the_budget_of_connections(server: ApiProcess) -> None:
    assert (await doctor(world_of(server)))["database.budget"].status is Status.OK
    budget = (await doctor(world_of(server), replicas=5))["database.budget"]
    assert budget.status is Status.BAD
    # 5 x (10 + 10 + 2), 4 jobs at 4, a beat, 4 for operators.
    assert budget.facts["asked"] == 5 * 22 + 16 + 1 + 4


async def test_a_password_nobody_changed(server: ApiProcess) -> None:
    name = "administrator.password"
    assert (await doctor(world_of(server)))[name].status is Status.OK
    found = await doctor(world_of(server, admin_password=ADMIN_PASSWORD))
    assert found[name].status is Status.WARNING
    assert found["settings.admin_password"].status is Status.WARNING
    assert ADMIN_PASSWORD not in str(found)
    found = await doctor(world_of(server, admin_password="another-password-of-mine"))
    assert found[name].status is Status.OK


async def test_somebody_else_listens(server: ApiProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        settings = settings_of(server).model_copy(update={"port": port, "metrics_port": port})
        found = await doctor(World(settings))
    assert found["machine.port.api"].status is Status.BAD
    assert found["machine.port.metrics"].status is Status.BAD
    settings = settings_of(server).model_copy(update={"port": free_port()})
    assert (await doctor(World(settings)))["machine.port.api"].status is Status.OK


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(**connect_arguments(url))
    try:
        for each in statements:
            await connection.execute(each)
    finally:
        await connection.close()


async def test_a_schema_that_is_behind_and_one_of_a_later_release(settings: Settings) -> None:
    url = settings.require_database_url()
    await execute(url, "UPDATE alembic_version SET version_num = '0001'")
    assert (await doctor(World(settings)))["schema.revision"].status is Status.BAD
    await execute(url, "UPDATE alembic_version SET version_num = '9999'")
    assert (await doctor(World(settings)))["schema.revision"].status is Status.WARNING
    await execute(url, "DROP TABLE alembic_version")
    found = (await doctor(World(settings)))["schema.revision"]
    assert found.status is Status.BAD
    assert "central-config migrate" in found.summary


async def test_a_role_without_rights(settings: Settings) -> None:
    url = settings.require_database_url()
    await execute(
        url,
        "REVOKE DELETE ON cc_workspace FROM CURRENT_USER",
        "REVOKE CREATE ON SCHEMA public FROM pg_database_owner",
    )
    found = (await doctor(World(settings)))["rights.role"]
    assert found.status is Status.BAD
    assert "CREATE on schema public" in found.summary
    assert found.facts["tables"] == ["cc_workspace"]


@contextlib.asynccontextmanager
async def pooler(url: str) -> AsyncGenerator[str]:
    """Give an address of something that does what poolers do: tell a process number of its own.

    It hands on everything else between one client and one server connection.
    """
    query = parse_qs(urlsplit(url).query)
    path = f"{query['host'][0]}/.s.PGSQL.{query.get('port', ['5432'])[0]}"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back_reader, back_writer = await asyncio.open_unix_connection(path)

        async def up() -> None:
            while data := await reader.read(65536):
                back_writer.write(data)
            back_writer.close()

        async def down() -> None:
            while head := await back_reader.read(5):
                head += await back_reader.readexactly(5 - len(head)) if len(head) < 5 else b""
                body = await back_reader.readexactly(int.from_bytes(head[1:], "big") - 4)
                if head[:1] == b"K":  # BackendKeyData: process, secret
                    body = (7).to_bytes(4, "big") + body[4:]
                writer.write(head + body)
            writer.close()

        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await asyncio.gather(up(), down())

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    parts = urlsplit(url)
    user = parts.username or query["user"][0]
    password = parts.password or query["password"][0]
    try:
        yield f"postgresql://{user}:{password}@127.0.0.1:{port}{parts.path}?sslmode=disable"
    finally:
        server.close()


async def test_a_pooler_is_noticed(settings: Settings) -> None:
    url = settings.require_database_url()
    assert not await is_pooled(url, 5)
    async with pooler(url) as pooled:
        assert await is_pooled(pooled, 5)
        through = Settings(database_url=pooled, redis_url=settings.redis_url)
        found = await doctor(World(through))
        assert found["pooler.listen"].status is Status.BAD
        assert found["pooler.statements"].status is Status.WARNING
        right = Settings(
            database_url=pooled, database_listen_url=url, database_statement_cache=False
        )
        found = await doctor(World(right))
        assert found["pooler.listen"].status is Status.OK
        assert "pooler.statements" not in found


async def test_nothing_is_configured(tmp_path: Path) -> None:
    found = await doctor(World(Settings(data_dir=tmp_path)))
    assert found["settings.database_url"].status is Status.BAD
    assert found["settings.master_key"].status is Status.BAD
    assert found["database.reachable"].status is Status.BAD
    assert exit_code(list(found.values())) is Exit.NOT_FIXED


def one(status: Status) -> list[Finding]:
    return [Finding("x", Status.OK, ""), Finding("y", status, "")]


def exits() -> Iterator[tuple[Status, bool, Exit]]:
    yield Status.OK, False, Exit.FIXED
    yield Status.SKIPPED, False, Exit.FIXED
    yield Status.WARNING, False, Exit.FIXED
    yield Status.WARNING, True, Exit.NOT_FIXED
    yield Status.UNKNOWN, False, Exit.UNKNOWN
    yield Status.BAD, False, Exit.NOT_FIXED


@pytest.mark.parametrize(("status", "strict", "code"), list(exits()))
async def test_how_it_ends(*, status: Status, strict: bool, code: Exit) -> None:
    assert exit_code(one(status), strict=strict) is code


async def test_looking_at_nothing_is_not_well() -> None:
    assert exit_code([]) is Exit.UNKNOWN


async def test_every_finding_leads_to_a_page(server: ApiProcess) -> None:
    found = await doctor(world_of(server))
    assert {name for name in found if not (ROOT / "docs" / page_of(name)).is_file()} == set()
    assert {name for name in found if page_of(name) == "runbook/index.md"} == set()
    assert all((ROOT / "docs" / page).is_file() for page in PAGES.values())


def run_doctor(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "central_config", "doctor", *words],
        env={"PATH": os.environ["PATH"], "DATA_DIR": "/nonexistent/data", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_says_what_is_wrong_and_never_what_stands_there() -> None:
    wrong = {"PORT": "planted-secret-99999", "CELERY_TASK_TIME_LIMIT": "1"}
    done = run_doctor(wrong, "-o", "json")
    assert done.returncode == 1
    found = {each["check"]: each for each in json.loads(done.stdout)["findings"]}
    assert found["settings.port"]["docs"].endswith("/reference/settings")
    assert "planted-secret" not in done.stdout + done.stderr


def test_the_command_ends_with_the_worst(server: ApiProcess) -> None:
    done = run_doctor({**server.environment, "DATA_DIR": "/nonexistent/data"})
    # Tests do without fsync.
    assert done.returncode == 1
    assert "https://docs.central-config.com/how-to/back-up" in done.stderr
    assert "not fit" in done.stderr
