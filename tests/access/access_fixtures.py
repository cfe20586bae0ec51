"""Fixtures of the tests of `access` and `audit`: real servers, a settable clock, a small app."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import BigInteger, Boolean, DateTime

from central_config.access.model import (
    PUBLIC,
    SIGNED_IN,
    Caller,
    Principal,
    WorkspaceRef,
    anonymous_caller,
)
from central_config.access.routes import router as access_router
from central_config.access.service import AccessService, NewUser, Throttle
from central_config.audit.routes import router as audit_router
from central_config.audit.service import AuditService
from central_config.core.db import Database, open_database
from central_config.core.ids import new_id
from central_config.core.problems import Problem
from central_config.core.settings import Settings
from central_config.supervisor.valkey import ValkeyServer
from central_config.workspaces.tables import cc_workspace

ADMIN_PASSWORD = "a password for tests"
PASSWORD = "another password for tests"
ADDRESS = "192.0.2.1"


class SettableClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self._now = datetime(2030, 1, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, **duration: float) -> None:
        self._now += timedelta(**duration)


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    directory = Path(tempfile.mkdtemp(prefix="access-valkey-"))
    directory.chmod(0o755)
    with ValkeyServer(data_dir=directory / "data") as server:
        yield server
    shutil.rmtree(directory)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    engine = open_database(database_url, Settings())
    yield engine
    await engine.dispose()


class Workspaces:
    """Stands for the feature above: finds workspaces by slug or id."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.refs: dict[str | UUID, WorkspaceRef] = {}

    async def add(self, slug: str) -> WorkspaceRef:
        ref = WorkspaceRef(new_id(), slug)
        self.refs[slug] = self.refs[ref.id] = ref
        values: dict[str, Any] = {"id": ref.id}
        for column in cc_workspace.columns:
            if column.nullable or column.server_default is not None or column.name == "id":
                continue
            kind = column.type
            values[column.name] = (
                False
                if isinstance(kind, Boolean)
                else 0
                if isinstance(kind, BigInteger)
                else datetime(2030, 1, 1, tzinfo=UTC)
                if isinstance(kind, DateTime)
                else slug
            )
        async with self._database.begin() as connection:
            await connection.execute(cc_workspace.insert().values(values))
        return ref

    async def resolve(self, name: str | UUID) -> WorkspaceRef | None:
        return self.refs.get(name)


@pytest.fixture
async def workspaces(database: Database) -> Workspaces:
    found = Workspaces(database)
    await found.add("shop")
    await found.add("bank")
    return found


def settings(**given: Any) -> Settings:
    return Settings(**{"admin_password": ADMIN_PASSWORD, **given})


def service_on(
    database: Database,
    clock: SettableClock,
    workspaces: Workspaces,
    **given: Any,
) -> AccessService:
    throttle = given.pop("throttle", None) or Throttle(None)
    return AccessService(database, clock, settings(**given), throttle, workspaces.resolve)


@pytest.fixture
async def access(
    database: Database, clock: SettableClock, workspaces: Workspaces
) -> AsyncIterator[AccessService]:
    service = service_on(database, clock, workspaces)
    await service.bootstrap()
    yield service
    await service.close()


def anonymous(address: str = ADDRESS) -> Caller:
    return anonymous_caller("request", address)


async def sign_in(access: AccessService, username: str, password: str = PASSWORD) -> str:
    return (await access.sessions.sign_in(anonymous(), username, password)).token


def caller(principal: Principal) -> Caller:
    return Caller(principal, principal.actor("request", ADDRESS))


async def caller_of(access: AccessService, username: str, password: str = PASSWORD) -> Caller:
    token = await sign_in(access, username, password)
    return caller(await access.authenticate(token, ADDRESS))


@pytest.fixture
async def admin(access: AccessService) -> Caller:
    return await caller_of(access, "admin", ADMIN_PASSWORD)


async def add_user(access: AccessService, admin: Caller, name: str, *grants: Any) -> Caller:
    """Create a user with roles, and return them as a caller."""
    await access.users.create(admin, NewUser(name, f"{name}@example.org", password=PASSWORD))
    if grants:
        await access.users.set_roles(admin, name, grants)
    return await caller_of(access, name)


class SmallGuard:
    """Checks requests as the application does, as far as these tests need it."""

    open_to_restricted = ("/me", "/me/password", "/sessions/current")

    def __init__(self, access: AccessService) -> None:
        self._access = access

    async def check(self, request: Request, permission: str) -> Caller:
        if permission == PUBLIC:
            return anonymous()
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            raise Problem("authentication-required", "no token")
        principal = await self._access.authenticate(token, ADDRESS)
        if principal.restricted and request.url.path not in self.open_to_restricted:
            raise Problem("permission-denied", "change your password first")
        if permission != SIGNED_IN and not principal.can(permission, None):
            raise Problem("permission-denied", f"this needs the permission {permission}")
        return caller(principal)


async def show_problem(request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, Problem)
    headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
    document = problem.document(instance=request.url.path, request_id="request")
    return JSONResponse(document, problem.status, headers)


@pytest.fixture
async def client(
    access: AccessService, database: Database, workspaces: Workspaces
) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.state.guard = SmallGuard(access)
    app.state.services = {AccessService: access, AuditService: AuditService(database)}
    app.state.resolve_workspace = workspaces.resolve
    app.add_exception_handler(Problem, show_problem)
    app.include_router(access_router)
    app.include_router(audit_router)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://service") as opened:
        yield opened


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
