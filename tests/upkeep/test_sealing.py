"""Sealing as an operator does it: through the API, a worker, and the command line."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import anyio
import pytest

from central_config.core.db import open_database
from central_config.core.settings import Settings, celery_form, with_database_number
from tests.cli.conftest import Ccfg, bare, home
from tests.support.api import ApiProcess, Client
from tests.support.servers import bootstrap, cloned_database
from tests.upkeep.conftest import SHOP, Past

__all__ = ["bare", "home"]


class Machine(NamedTuple):
    api: ApiProcess
    admin: Client
    archive: Path


@pytest.fixture
def machine(template_url: str, redis_url: str, tmp_path: Path) -> Iterator[Machine]:
    """An API and a worker on a database whose log is years old."""
    archive = tmp_path / "archive"
    with cloned_database(template_url) as url:
        anyio.run(_grow_old, url)
        queue = celery_form(with_database_number(redis_url, 9))  # nobody else's
        more = {"AUDIT_ARCHIVE_DIR": str(archive), "CELERY_BROKER_URL": queue}
        api = ApiProcess(url, redis_url, tmp_path / "log", more)
        asyncio.run(bootstrap(url))
        api.start()
        environment = {**api.environment, "HOME": os.environ["HOME"]}
        with (tmp_path / "worker.log").open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "central_config", "worker"],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        admin = api.sign_in()
        try:
            yield Machine(api, admin, archive)
        finally:
            admin.close()
            worker.terminate()
            worker.wait(20)
            api.stop()


async def _grow_old(url: str) -> None:
    database = open_database(url, Settings())
    past = Past(database)
    await past.months("2024-08", "2024-09")
    await past.events(["2024-08-03", "2024-09-04", "2026-11-01"], SHOP)
    await database.dispose()


@pytest.mark.timeout(120)
def test_old_months_leave_and_the_whole_log_verifies(
    machine: Machine, bare: Ccfg, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert machine.admin.token is not None
    monkeypatch.setenv("CENTRAL_CONFIG_URL", machine.api.url)
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", machine.admin.token)
    plan = bare("audit", "seal", "--dry-run", "-o", "json").data
    assert plan["due"] == ["cc_audit_log_y2024m08", "cc_audit_log_y2024m09"]
    assert bare("audit", "seals", "-o", "json").data == []
    done = bare("audit", "seal", "-o", "json")
    assert done.code == 0, done.err
    assert [(each["month"], each["events"]) for each in done.data["sealed"]] == [
        ("2024-08", 1),
        ("2024-09", 1),
    ]
    seals = bare("audit", "seals", "-o", "json").data
    assert [each["file"] for each in seals] == [each["file"] for each in done.data["sealed"]]
    assert seals[1]["chains"][0]["first"] == 2
    found = bare("audit", "verify")
    assert found.code == 0
    assert "verified from sequence 3" in found.out
    assert f"2 sealed months in files {seals[0]['file']}, {seals[1]['file']}" in found.out
    live = tmp_path / "live.jsonl"
    assert bare("audit", "export", str(live)).code == 0
    files = [str(machine.archive / each["file"]) for each in seals] + [str(live)]
    whole = bare("audit", "verify", *files, "-o", "json")
    assert (whole.code, whole.data["starts"]) == (0, {})
    assert bare("audit", "verify", "--file", files[0], "--file", files[1]).code == 0
    assert bare("audit", "verify", files[0], files[2]).code == 1
    assert bare("audit", "seal", "-o", "json").data["due"] == []
    events = machine.admin.ok("GET", "/audit", params={"action": "audit.sealed"})["items"]
    assert [each["target"] for each in events] == ["audit-log:2024-09", "audit-log:2024-08"]
    assert events[1]["details"]["sha256"] == seals[0]["sha256"]
    # A month that cannot be exported fails the job, and says why.
    machine.archive.rename(tmp_path / "moved")
    machine.archive.touch()
    anyio.run(_another_month, machine.api.environment["DATABASE_URL"])
    failed = bare("audit", "seal")
    assert failed.code == 1
    assert "cc_audit_log_y2024m10 stays in the database: cannot write to" in failed.err


async def _another_month(url: str) -> None:
    database = open_database(url, Settings())
    await Past(database).months("2024-10")
    await database.dispose()


def test_who_may_seal(server: ApiProcess, admin: Client) -> None:
    assert admin.ok("GET", "/audit/retention")["due"] == []
    name = "auditing-only"
    admin.ok(
        "POST",
        "/users",
        json={"username": name, "email": "a@example.org", "password": "a-password-for-somebody"},
    )
    admin.ok("PUT", f"/users/{name}/roles", json={"roles": [{"role": "auditor"}]})
    client = server.sign_in(name, "a-password-for-somebody")
    new = {
        "current_password": "a-password-for-somebody",
        "new_password": "another-password-of-mine",
    }
    client.ok("POST", "/me/password", json=new)
    assert client.get("/audit/seals").status_code == 200
    assert client.get("/audit/retention").json()["code"] == "permission-denied"
    assert client.post("/audit/seals").json()["code"] == "permission-denied"
    client.close()
