"""The access review, against a real server; and the runbook's own statements."""

import csv
import io
import json
from typing import Any

import pytest

from central_config.core.settings import Settings
from central_config.operations.model.reports import Status
from central_config.operations.service.upkeep import access
from central_config.operations.service.upkeep.ground import Ground
from tests.cli.conftest import Ccfg, bare, ccfg, home
from tests.support.api import ApiProcess, Client, Workspace
from tests.support.runbook import WHO_IS_INACTIVE, WHO_MAY_WHAT
from tests.upkeep.conftest import Past, day
from tests.upkeep.test_key_rotation import execute, made

__all__ = ["bare", "ccfg", "home"]

PASSWORD = "a-password-for-somebody"


class Staff:
    """Users of one test, by a name that nobody else has."""

    def __init__(self, server: ApiProcess, admin: Client, mark: str) -> None:
        self._server = server
        self._admin = admin
        self.mark = mark

    def name(self, name: str) -> str:
        return f"{name}-{self.mark}"

    def add(self, name: str, *roles: dict[str, Any], signed_in: int | None = None) -> str:
        """Create a user who signed in so many days ago, or never."""
        username = self.name(name)
        body = {"username": username, "email": f"{name}@example.org", "password": PASSWORD}
        self._admin.ok("POST", "/users", json=body)
        if roles:
            self._admin.ok("PUT", f"/users/{username}/roles", json={"roles": roles})
        if signed_in is not None:
            statement = """UPDATE cc_user SET last_login = now() - make_interval(days => $2)
                           WHERE username = $1"""
            execute(self._server, statement, username, signed_in)
        return username


@pytest.fixture(scope="module")
def staff(server: ApiProcess, admin: Client) -> Staff:
    """Four users: their passwords take a second of work, so they are of the module."""
    found = Staff(server, admin, Workspace(admin).slug)
    viewer = {"role": "viewer", "workspace": found.mark}
    found.add("ada", viewer, {"role": "auditor"}, signed_in=1)
    found.add("bob", {"role": "admin"}, signed_in=91)
    found.add("eve")
    gone = found.add("gus", {"role": "viewer"}, signed_in=10)
    admin.ok("DELETE", f"/users/{gone}")
    return found


def test_the_runbooks_statements_give_what_is_right(
    server: ApiProcess, admin: Client, staff: Staff
) -> None:
    rows = [tuple(row) for row in execute(server, WHO_MAY_WHAT)]
    ada = [row for row in rows if row[0] == staff.name("ada")]
    viewer = admin.ok("GET", "/roles/viewer")["permissions"]
    auditor = admin.ok("GET", "/roles/auditor")["permissions"]
    assert sorted(row[2:] for row in ada) == sorted(
        [("viewer", each) for each in viewer] + [("auditor", each) for each in auditor]
    )
    assert {row[1] for row in ada} == {"ada@example.org"}
    assert not [row for row in rows if row[0] == staff.name("eve")]
    inactive = {row["username"] for row in execute(server, WHO_IS_INACTIVE)}
    assert {staff.name("bob"), staff.name("eve")} <= inactive
    assert not {staff.name("ada"), staff.name("gus")} & inactive


def test_what_stands_out(
    server: ApiProcess, admin: Client, workspace: Workspace, staff: Staff
) -> None:
    ended, old, idle, good = (made(workspace, n) for n in ("ended", "old", "idle", "good"))
    admin.ok("DELETE", f"/keys/{ended['id']}")
    for key, created, used in ((old, 181, 1), (idle, 100, 91), (good, 1, 1)):
        execute(
            server,
            """UPDATE api_keys SET created_at = now() - make_interval(days => $2),
                      last_used = now() - make_interval(days => $3),
                      expires_at = now() + interval '1 year' WHERE id = $1""",
            key["id"],
            created,
            used,
        )
    fresh = made(workspace, "fresh")
    role = f"role-{workspace.slug}"
    admin.ok("POST", "/roles", json={"name": role, "description": "", "permissions": []})
    found = admin.ok("GET", "/access/review")
    mine = {
        (each["kind"], each["subject"])
        for each in found["findings"]
        if each["workspace"] == workspace.slug or each["subject"].endswith(("-" + staff.mark, role))
    }
    assert mine == {
        ("user-not-signed-in", f"user:{staff.name('bob')}"),
        ("user-never-signed-in", f"user:{staff.name('eve')}"),
        ("user-inactive-account", f"user:{staff.name('gus')}"),
        ("key-old", f"key:{old['id']}"),
        ("key-not-used", f"key:{idle['id']}"),
        ("key-without-expiry", f"key:{fresh['id']}"),
        ("key-never-used", f"key:{fresh['id']}"),
        ("role-unused", f"role:{role}"),
    }
    assert staff.name("bob") in found["administrators"]
    (ada,) = [each for each in found["users"] if each["username"] == staff.name("ada")]
    assert [(each["role"], each["workspace"]) for each in ada["roles"]] == [
        ("auditor", None),
        ("viewer", staff.mark),
    ]
    assert "config.read" in ada["roles"][1]["permissions"]
    later = admin.ok("GET", "/access/review", params={"inactive_days": 100, "key_days": 365})
    kinds = {each["subject"]: each["kind"] for each in later["findings"]}
    assert f"user:{staff.name('bob')}" not in kinds
    assert f"key:{old['id']}" not in kinds
    assert fresh["token"] not in json.dumps(found)


def test_decisions_are_recorded_and_change_nothing(
    server: ApiProcess, admin: Client, staff: Staff
) -> None:
    bob, eve = (f"user:{staff.name(each)}" for each in ("bob", "eve"))
    body = {
        "decisions": [
            {"subject": bob, "decision": "kept", "reason": "on leave until May"},
            {"subject": eve, "decision": "revoked", "reason": "left"},
        ]
    }
    assert admin.ok("POST", "/access/reviews", json=body) == {"recorded": 2}
    events = admin.ok("GET", "/audit", params={"action": "access.reviewed", "limit": 2})["items"]
    assert [(each["target"], each["details"]["decision"]) for each in events] == [
        (eve, "revoked"),
        (bob, "kept"),
    ]
    assert events[0]["details"]["reason"] == "left"
    assert admin.ok("GET", f"/users/{staff.name('eve')}")["active"]
    for subject in ("user:nobody-at-all", "key:nonsense", "role:none"):
        body = {"decisions": [{"subject": subject, "decision": "kept", "reason": "x"}]}
        answer = admin.post("/access/reviews", json=body)
        assert answer.json()["errors"][0]["pointer"] == "/decisions/0/subject", answer.text
    client = server.sign_in(staff.name("ada"), PASSWORD)
    # Whoever was given a password changes it first.
    new = {"current_password": PASSWORD, "new_password": PASSWORD + "-2"}
    client.ok("POST", "/me/password", json=new)
    assert client.get("/access/review").status_code == 200  # an auditor reads
    assert client.post("/access/reviews", json=body).json()["code"] == "permission-denied"
    client.close()


def test_the_command(ccfg: Ccfg, staff: Staff) -> None:
    bob = staff.name("bob")
    out = ccfg("user", "review").out
    assert f"user:{bob}" in out
    assert "Administrators:" in out
    text = ccfg("user", "review", "--csv")
    assert text.code == 0, text
    rows = list(csv.DictReader(io.StringIO(text.out)))
    (role,) = [row for row in rows if row["subject"] == f"user:{bob}" and row["kind"] == "role"]
    assert role["roles"] == "admin"
    assert "user.manage" in role["permissions"].split()
    assert [row for row in rows if row["kind"] == "user-not-signed-in" and row["name"] == bob]
    done = ccfg("user", "reviewed", f"user:{bob}", "--kept", "--reason", "needed")
    assert (done.code, done.err) == (0, "1 recorded as kept\n")
    assert ccfg("user", "reviewed", f"user:{bob}", "--reason", "x").code == 2


@pytest.mark.anyio
async def test_the_monthly_maintenance_counts_the_same(past: Past) -> None:
    statement = """INSERT INTO cc_user (id, username, email, password_hash, created_at, last_login)
                   VALUES (gen_random_uuid(), :name, '', '', now(), CAST(:last AS timestamptz))"""
    await past.execute(statement, name="ada", last=day("2026-11-20"))
    ground = Ground(past.database, Settings(), past.clock)
    good = await access.users(ground)
    assert (good.status, good.summary) == (
        Status.OK,
        "0 administrators among 1 users; nothing to decide",
    )
    assert (await access.api_keys(ground)).status is Status.OK
    await past.execute(statement, name="bob", last=day("2026-08-01"))
    found = await access.users(ground)
    assert found.status is Status.WARNING
    assert found.facts["user-not-signed-in"] == 1
    assert "bob (user-not-signed-in)" in found.summary
