"""Maintenance, and the routes operators see jobs through."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import text

from central_config.access.model import SYSTEM_CALLER, Caller
from central_config.core.clock import SystemClock
from central_config.core.db import Database
from central_config.core.ids import new_id
from central_config.core.problems import Problem
from central_config.operations.routes import router
from central_config.operations.service.jobs import Jobs
from central_config.operations.service.reports import Reports
from central_config.operations.service.schedules import Schedules
from tests.worker.support import Bench, wait_for

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
async def client(running: Bench) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.state.guard = OperatorsOnly()
    app.state.services = {
        Jobs: Jobs(running.database, running.queue, SystemClock()),
        Reports: Reports(running.database, SystemClock()),
        Schedules: Schedules(running.database, SystemClock()),
    }
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
        for statement, age in statements.items():
            for margin in (timedelta(hours=1), -timedelta(hours=1)):
                values = {"id": new_id(), "user": user, "hash": new_id().bytes}
                given = values | {"moment": now - age - margin}
                query = text(statement)
                names = set(query.compile().params)
                await connection.execute(query, {name: given[name] for name in names})


async def count(bench: Bench, table: str) -> int:
    (found,) = await bench.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own names
    return found


async def test_maintenance_deletes_what_is_over(client: httpx2.AsyncClient, running: Bench) -> None:
    await running.execute("ALTER TABLE cc_session DROP CONSTRAINT fk_cc_session_user_id_cc_user")
    await fill(running.database)
    response = await client.post("/maintenance/hourly")
    assert response.status_code == 202, response.text
    job = await running.until(response.json()["id"], "done", "failed")
    assert job.result == {"deleted": {"expired_sessions": 1, "kept_answers": 1, "finished_jobs": 1}}
    assert job.progress == 1
    assert await count(running, "cc_session") == 1
    assert await count(running, "cc_idempotency") == 1
    await running.execute("DROP TABLE " + (await partitions(running))[-1])
    before = await partitions(running)
    response = await client.post("/maintenance/daily")
    job = await running.until(response.json()["id"], "done", "failed")
    assert isinstance(job.result, dict)
    assert {"report", "status", "sections"} == set(job.result)
    assert len(await partitions(running)) == len(before) + 1
    assert (await client.post("/maintenance/yearly")).status_code == 422


async def partitions(bench: Bench) -> list[str]:
    return await bench.execute(
        """SELECT inhrelid::regclass::text FROM pg_inherits
           WHERE inhparent = 'cc_audit_log'::regclass ORDER BY 1"""
    )


async def test_operators_see_repeat_and_cancel_jobs(
    client: httpx2.AsyncClient, running: Bench
) -> None:
    first, other = [str(await running.enqueue("test.far", dispatch=False, n=n)) for n in range(2)]
    await running.execute(
        "UPDATE cc_job SET run_after = now() + interval '1 hour' WHERE kind = 'test.far'"
    )
    query: dict[str, str | int] = {"limit": 1, "kind": "test.far", "status": "queued"}
    page = (await client.get("/jobs", params=query)).json()
    assert [item["id"] for item in page["items"]] == [other]
    assert page["items"][0]["arguments"] == {"n": 1}
    page = (await client.get("/jobs", params=query | {"cursor": page["next_cursor"]})).json()
    assert [item["id"] for item in page["items"]] == [first]
    page = (await client.get("/jobs", params=query | {"limit": 9})).json()
    assert [item["id"] for item in page["items"]] == [other, first]
    assert page["next_cursor"] is None
    assert (await client.get("/jobs")).status_code == 200
    assert (await client.get(f"/jobs/{other}")).json()["status"] == "queued"
    response = await client.post(f"/jobs/{other}/retry")
    assert (response.status_code, response.json()["code"]) == (409, "wrong-state")
    assert (await client.post(f"/jobs/{other}/cancel")).json()["status"] == "cancelled"
    response = await client.post(f"/jobs/{other}/cancel")
    assert (response.status_code, response.json()["code"]) == (409, "wrong-state")
    assert (await client.post(f"/jobs/{other}/retry")).json()["status"] == "queued"
    actions = await running.execute(
        "SELECT action FROM cc_audit_log WHERE target = :target ORDER BY sequence",
        target=f"job:{other}",
    )
    assert actions == ["job.cancelled", "job.retried"]


async def test_operators_see_switch_and_start_what_runs_by_itself(
    client: httpx2.AsyncClient, running: Bench
) -> None:
    async def plan() -> dict[str, Any]:
        items = (await client.get("/schedules")).json()["items"]
        return {item["name"]: item for item in items}

    await wait_for(plan, "the schedule")
    (name, item), *_ = (await plan()).items()
    assert item["enabled"]
    assert item["every_seconds"] > 0
    off = (await client.patch(f"/schedules/{name}", json={"enabled": False})).json()
    assert (off["enabled"], off["next_at"]) == (False, None)
    assert (await client.patch(f"/schedules/{name}", json={"enabled": False})).status_code == 200
    response = await client.post(f"/schedules/{name}/start")  # by hand it runs all the same
    assert response.status_code == 202
    job = await running.job(response.json()["id"])
    assert job.kind == item["kind"]
    assert job.dedupe_key == name
    on = (await client.patch(f"/schedules/{name}", json={"enabled": True})).json()
    assert on["enabled"]
    actions = await running.execute(
        "SELECT action FROM cc_audit_log WHERE target = :target ORDER BY sequence",
        target=f"schedule:{name}",
    )
    assert actions == ["schedule.disabled", "schedule.enabled"]


async def test_what_is_not_there_or_not_allowed(client: httpx2.AsyncClient) -> None:
    for path in ("", "/retry", "/cancel"):
        method = "POST" if path else "GET"
        response = await client.request(method, f"/jobs/{new_id()}{path}")
        assert (response.status_code, response.json()["code"]) == (404, "not-found")
    for method, path in (
        ("GET", f"/reports/{new_id()}"),
        ("POST", "/schedules/none/start"),
        ("PATCH", "/schedules/none"),
    ):
        response = await client.request(method, path, json={"enabled": True})
        assert (response.status_code, response.json()["code"]) == (404, "not-found")
    assert (await client.get("/jobs?cursor=WyJ4Il0")).json()["code"] == "malformed-cursor"
    assert (await client.get("/jobs?status=lost")).status_code == 422
    del client.headers["Authorization"]
    assert (await client.get("/jobs")).json()["code"] == "authentication-required"
