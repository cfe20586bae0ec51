"""Maintenance, and the routes operators see jobs through."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
from conftest import Bench, Start
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import text

from central_config.access.model import SYSTEM_CALLER, Caller
from central_config.core.clock import SystemClock
from central_config.core.db import Database
from central_config.core.ids import new_id
from central_config.core.problems import Problem
from central_config.operations.routes import router
from central_config.operations.service import Jobs

pytestmark = pytest.mark.anyio


class OperatorsOnly:
    """Checks requests as the application does, as far as these tests need it."""

    async def check(self, request: Request, permission: str) -> Caller:
        assert permission == "system.operate"
        if "authorization" not in request.headers:
            raise Problem("authentication-required", "no token")
        return SYSTEM_CALLER


async def show_problem(request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, Problem)
    document = problem.document(instance=request.url.path, request_id="request")
    return JSONResponse(document, problem.status)


@pytest.fixture
async def client(bench: Bench) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.state.guard = OperatorsOnly()
    app.state.services = {Jobs: Jobs(bench.database, bench.queue, SystemClock())}
    app.add_exception_handler(Problem, show_problem)
    app.include_router(router)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://service", headers={"Authorization": "Bearer x"}
    ) as opened:
        yield opened


async def fill(database: Database) -> None:
    """Put one row that is over and one that is not into each place."""
    now = SystemClock().now()
    user = new_id()
    statements = {
        """INSERT INTO cc_session (id, user_id, token_hash, created_at, expires_at, last_seen,
                                   client_ip, user_agent)
           VALUES (:id, :user, :hash, :moment, :moment, :moment, '', '')""": timedelta(days=7),
        """INSERT INTO cc_idempotency (owner, key, fingerprint, created_at)
           VALUES (:hash, 'k', '', :moment)""": timedelta(hours=24),
        """INSERT INTO cc_job (id, kind, arguments, status, attempts, note, created_at, run_after,
                               finished_at)
           VALUES (:id, 'test.echo', '{}', 'done', 1, '', :moment, :moment, :moment)""": timedelta(
            days=30
        ),
    }
    async with database.begin() as connection:
        await connection.execute(text("SET session_replication_role = replica"))  # no user needed
        for statement, age in statements.items():
            for margin in (timedelta(hours=1), -timedelta(hours=1)):
                values = {"id": new_id(), "user": user, "hash": new_id().bytes}
                given = values | {"moment": now - age - margin}
                query = text(statement)
                names = set(query.compile().params)
                await connection.execute(query, {name: given[name] for name in names})


async def count(database: Database, table: str) -> int:
    async with database.connect() as connection:
        return (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()  # noqa: S608


async def test_maintenance_deletes_what_is_over(
    client: httpx2.AsyncClient, bench: Bench, start: Start
) -> None:
    async with bench.database.begin() as connection:
        await connection.execute(
            text("ALTER TABLE cc_session DROP CONSTRAINT IF EXISTS fk_cc_session_user_id_cc_user")
        )
    await fill(bench.database)
    start("worker")
    response = await client.post("/maintenance/hourly")
    assert response.status_code == 202, response.text
    job = await bench.until(response.json()["id"], "done", "failed")
    assert job.result == {"deleted": {"expired_sessions": 1, "kept_answers": 1, "finished_jobs": 1}}
    assert job.progress == 1
    assert await count(bench.database, "cc_session") == 1
    assert await count(bench.database, "cc_idempotency") == 1
    assert await count(bench.database, "cc_job") == 2
    response = await client.post("/maintenance/daily")
    job = await bench.until(response.json()["id"], "done", "failed")
    assert job.result == {"audit_partitions": {"months_ahead": 12}}
    assert await count(bench.database, "test_partitions") == 1
    assert (await client.post("/maintenance/yearly")).status_code == 422


async def test_operators_see_repeat_and_cancel_jobs(
    client: httpx2.AsyncClient, bench: Bench
) -> None:
    first = (await client.post("/maintenance/hourly")).json()
    assert (await client.post("/maintenance/hourly")).json()["id"] == first["id"]
    other = await bench.enqueue("test.echo", dispatch=False, n=1)
    page = (await client.get("/jobs?limit=1")).json()
    assert [item["id"] for item in page["items"]] == [str(other)]
    assert page["items"][0]["arguments"] == {"n": 1}
    page = (await client.get("/jobs", params={"limit": 1, "cursor": page["next_cursor"]})).json()
    assert [item["id"] for item in page["items"]] == [first["id"]]
    page = (await client.get("/jobs?kind=test.echo&status=queued")).json()
    assert [item["id"] for item in page["items"]] == [str(other)]
    assert page["next_cursor"] is None
    assert (await client.get(f"/jobs/{other}")).json()["status"] == "queued"
    response = await client.post(f"/jobs/{other}/retry")
    assert (response.status_code, response.json()["code"]) == (409, "wrong-state")
    assert (await client.post(f"/jobs/{other}/cancel")).json()["status"] == "cancelled"
    response = await client.post(f"/jobs/{other}/cancel")
    assert (response.status_code, response.json()["code"]) == (409, "wrong-state")
    assert (await client.post(f"/jobs/{other}/retry")).json()["status"] == "queued"
    async with bench.database.connect() as connection:
        actions = await connection.execute(
            text("SELECT action FROM cc_audit_log ORDER BY sequence")
        )
        assert list(actions.scalars()) == [
            "job.requested",
            "job.requested",
            "job.cancelled",
            "job.retried",
        ]


async def test_what_is_not_there_or_not_allowed(client: httpx2.AsyncClient) -> None:
    for path in ("", "/retry", "/cancel"):
        method = "POST" if path else "GET"
        response = await client.request(method, f"/jobs/{new_id()}{path}")
        assert (response.status_code, response.json()["code"]) == (404, "not-found")
    assert (await client.get("/jobs?cursor=WyJ4Il0")).json()["code"] == "malformed-cursor"
    assert (await client.get("/jobs?status=lost")).status_code == 422
    response = await client.get("/jobs", headers={"Authorization": ""})
    assert response.status_code in {200, 401}
