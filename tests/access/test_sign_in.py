"""Signing in and out, passwords, sessions."""

import asyncio
import time
from datetime import timedelta

import pytest
import structlog
from access_fixtures import (
    ADDRESS,
    ADMIN_PASSWORD,
    PASSWORD,
    SettableClock,
    Workspaces,
    add_user,
    anonymous,
    caller_of,
    service_on,
    sign_in,
)
from argon2 import PasswordHasher
from sqlalchemy import text

from central_config.access.model import SYSTEM_CALLER, Caller
from central_config.access.service import AccessService, NewUser, UserPatch
from central_config.core.db import Database
from central_config.core.problems import Problem

pytestmark = pytest.mark.anyio

WRONG = "a wrong password, long enough"


async def refused(access: AccessService, username: str, password: str = WRONG) -> Problem:
    with pytest.raises(Problem) as raised:
        await access.sessions.sign_in(anonymous(), username, password)
    return raised.value


async def test_a_session_ends_by_time_and_by_sign_out(
    access: AccessService, clock: SettableClock, database: Database
) -> None:
    signed_in = await access.sessions.sign_in(anonymous(), " Admin ", ADMIN_PASSWORD, "browser")
    assert signed_in.token.startswith("ccs_")
    assert len(signed_in.token) == 47
    assert signed_in.expires_at == clock.now() + timedelta(hours=12)
    principal = await access.authenticate(signed_in.token, ADDRESS)
    assert (principal.kind, principal.name) == ("user", "admin")
    assert principal.can("user.manage", None)

    other = await sign_in(access, "admin", ADMIN_PASSWORD)
    await access.sessions.sign_out(Caller(principal, principal.actor()))
    with pytest.raises(Problem, match="invalid-credentials"):
        await access.authenticate(signed_in.token, ADDRESS)

    clock.advance(hours=12, seconds=-1)
    await access.authenticate(other, ADDRESS)
    clock.advance(seconds=1)  # still fresh in the cache, and over
    with pytest.raises(Problem, match="invalid-credentials"):
        await access.authenticate(other, ADDRESS)

    await sign_in(access, "admin", ADMIN_PASSWORD)  # drops the expired ones
    async with database.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM cc_session"))).scalar() == 1


async def test_only_hashes_of_tokens_are_stored(access: AccessService, database: Database) -> None:
    token = await sign_in(access, "admin", ADMIN_PASSWORD)
    async with database.connect() as connection:
        row = (await connection.execute(text("SELECT * FROM cc_session"))).one()
        logged = (await connection.execute(text("SELECT * FROM cc_audit_log"))).all()
        user = (await connection.execute(text("SELECT password_hash FROM cc_user"))).scalar_one()
    assert token[4:] not in str(row)
    assert token[4:] not in str(logged)
    assert ADMIN_PASSWORD not in str(logged)
    assert user.startswith("$argon2id$")


@pytest.mark.usefixtures("dear_hashes")
async def test_an_unknown_user_takes_as_long_as_a_wrong_password(
    access: AccessService, admin: Caller
) -> None:
    await access.users.create(admin, NewUser("ada", "ada@example.org", password=PASSWORD))
    await access.users.create(admin, NewUser("off", "off@example.org", password=PASSWORD))
    await access.users.deactivate(admin, "off")
    took: dict[str, list[float]] = {"ada": [], "nobody": [], "off": []}
    for _ in range(4):
        for name, times in took.items():
            begin = time.perf_counter()
            problem = await refused(access, name, PASSWORD if name == "off" else WRONG)
            times.append(time.perf_counter() - begin)
            assert problem.code == "invalid-credentials"
            assert problem.detail == "the user name or the password is wrong"
    fast, slow = sorted(min(times) for times in took.values())[::2]
    assert fast > slow / 2


async def test_failures_are_logged_in_the_words_of_the_runbook(
    access: AccessService, database: Database
) -> None:
    with structlog.testing.capture_logs() as logs:
        await refused(access, "Nobody")
        with pytest.raises(Problem):
            await access.authenticate("cc_abcd1234_" + "s" * 43, ADDRESS)
        with pytest.raises(Problem):
            await access.authenticate("ccs_" + "s" * 43, ADDRESS)
        with pytest.raises(Problem):
            await access.authenticate("rubbish", ADDRESS)
    assert [entry["event"] for entry in logs] == [
        "invalid credentials",
        *["authentication failed"] * 3,
    ]
    assert logs[0]["username"] == "nobody"
    assert [entry["key_prefix"] for entry in logs[1:]] == ["cc_abcd1234", "", ""]
    assert {entry["client_ip"] for entry in logs} == {ADDRESS}
    assert "ssss" not in str(logs)
    assert "rubbish" not in str(logs)
    assert WRONG not in str(logs)
    async with database.connect() as connection:
        found = await connection.execute(
            text("SELECT target, actor_kind, client_ip FROM cc_audit_log WHERE action = :action"),
            {"action": "session.failed"},
        )
        assert [tuple(row) for row in found] == [("user:nobody", "anonymous", ADDRESS)]


async def test_the_sixth_attempt_in_a_minute_is_not_even_looked_at(
    access: AccessService, database: Database
) -> None:
    for _ in range(5):
        assert (await refused(access, "admin")).code == "invalid-credentials"
    problem = await refused(access, "admin", ADMIN_PASSWORD)
    assert problem.code == "too-many-requests"
    assert 1 <= (problem.retry_after or 0) <= 60
    async with database.connect() as connection:
        query = text("SELECT count(*) FROM cc_audit_log WHERE action = 'session.failed'")
        assert (await connection.execute(query)).scalar() == 5
    # Another address is not held up by it.
    await access.sessions.sign_in(anonymous("192.0.2.2"), "admin", ADMIN_PASSWORD)


async def test_many_attempts_at_once_get_no_further(access: AccessService) -> None:
    results = await asyncio.gather(
        *(access.sessions.sign_in(anonymous(), "admin", WRONG) for _ in range(30)),
        return_exceptions=True,
    )
    codes = [result.code for result in results if isinstance(result, Problem)]
    assert codes.count("invalid-credentials") == 5
    assert codes.count("too-many-requests") == 25


async def test_an_address_that_tries_many_users_is_stopped(access: AccessService) -> None:
    results = await asyncio.gather(
        *(access.sessions.sign_in(anonymous(), f"user{n}", WRONG) for n in range(40)),
        return_exceptions=True,
    )
    codes = [result.code for result in results if isinstance(result, Problem)]
    # Two are compared at a time, so one may be under way when the twentieth fails.
    assert 20 <= codes.count("invalid-credentials") <= 21


async def test_a_right_password_clears_the_count(access: AccessService) -> None:
    for _ in range(3):
        for _ in range(4):
            await refused(access, "admin")
        await sign_in(access, "admin", ADMIN_PASSWORD)


@pytest.mark.usefixtures("dear_hashes")
async def test_an_old_hash_is_renewed_at_sign_in(access: AccessService, database: Database) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8192).hash(ADMIN_PASSWORD)
    async with database.begin() as connection:
        await connection.execute(text("UPDATE cc_user SET password_hash = :h"), {"h": weak})
    await sign_in(access, "admin", ADMIN_PASSWORD)
    async with database.connect() as connection:
        stored = (await connection.execute(text("SELECT password_hash FROM cc_user"))).scalar_one()
    assert stored != weak
    assert not PasswordHasher().check_needs_rehash(stored)
    await sign_in(access, "admin", ADMIN_PASSWORD)


async def test_changing_the_password_ends_other_sessions_and_lifts_the_restriction(
    access: AccessService, admin: Caller
) -> None:
    _, generated = await access.users.create(admin, NewUser("ada", "ada@example.org"))
    assert generated is not None
    assert len(generated) >= 20
    await access.users.set_roles(admin, "ada", [])
    other = await sign_in(access, "ada", generated)
    token = await sign_in(access, "ada", generated)
    principal = await access.authenticate(token, ADDRESS)
    assert principal.restricted
    assert principal.grants == {}
    caller = Caller(principal, principal.actor("", ADDRESS))
    for new in ("short", "x" * 257, generated):
        with pytest.raises(Problem, match="invalid-request") as raised:
            await access.sessions.change_password(caller, generated, new)
        assert new not in str(raised.value.document(instance="", request_id=""))
    with pytest.raises(Problem, match="invalid-credentials"):
        await access.sessions.change_password(caller, WRONG, PASSWORD)
    await access.sessions.change_password(caller, generated, PASSWORD)
    assert not (await access.authenticate(token, ADDRESS)).restricted
    with pytest.raises(Problem, match="invalid-credentials"):
        await access.authenticate(other, ADDRESS)


async def test_a_password_cannot_be_the_name(access: AccessService, admin: Caller) -> None:
    new = NewUser("long.user.name", "a@example.org", password="Long.User.Name")
    with pytest.raises(Problem, match="cannot be the user's name"):
        await access.users.create(admin, new)


async def test_an_administrators_reset_makes_the_user_change_it(
    access: AccessService, admin: Caller
) -> None:
    ada = await add_user(access, admin, "ada")
    assert ada.principal.session_id is not None
    reset = "the administrator's choice"
    await access.users.update(admin, "ada", UserPatch(password=reset))
    assert (await refused(access, "ada", PASSWORD)).code == "invalid-credentials"
    assert (await caller_of(access, "ada", reset)).principal.restricted
    with pytest.raises(Problem, match="wrong-state"):
        await access.users.update(admin, "admin", UserPatch(password=reset))


async def test_the_first_start_creates_catalogue_and_administrator(
    database: Database, clock: SettableClock, workspaces: Workspaces
) -> None:
    services = [service_on(database, clock, workspaces, admin_password=None) for _ in range(3)]
    firsts = [
        first for first in await asyncio.gather(*(each.bootstrap() for each in services)) if first
    ]
    assert len(firsts) == 1
    assert firsts[0].username == "admin"
    assert firsts[0].password is not None
    caller = await caller_of(services[0], "admin", firsts[0].password)
    assert caller.principal.restricted
    assert await services[0].bootstrap() is None
    for each in services:
        await each.close()


async def test_a_later_start_repairs_the_catalogue(
    access: AccessService, database: Database
) -> None:
    async with database.begin() as connection:
        await connection.execute(text("DELETE FROM permissions WHERE name = 'secret.reveal'"))
        await connection.execute(
            text("INSERT INTO permissions VALUES (gen_random_uuid(), 'old.one', '')")
        )
        await connection.execute(
            text("""INSERT INTO role_permissions SELECT r.id, p.id FROM roles r, permissions p
                    WHERE r.name = 'viewer' AND p.name = 'audit.read'""")
        )
    await access.bootstrap()
    viewer, admin = await access.roles.get("viewer"), await access.roles.get("admin")
    assert viewer.permissions == {"workspace.read", "config.read"}
    assert "secret.reveal" in admin.permissions
    assert "old.one" not in {entry.name for entry in await access.roles.permissions()}
    async with database.connect() as connection:
        query = text("SELECT count(*) FROM cc_audit_log WHERE action = 'catalogue.updated'")
        before = (await connection.execute(query)).scalar()
        await access.bootstrap()
        assert (await connection.execute(query)).scalar() == before == 2


async def test_the_operator_acts_as_the_system(access: AccessService, database: Database) -> None:
    await access.users.create(SYSTEM_CALLER, NewUser("ada", "ada@example.org", password=PASSWORD))
    async with database.connect() as connection:
        query = text("SELECT actor_kind, actor_id FROM cc_audit_log WHERE target = 'user:ada'")
        assert tuple((await connection.execute(query)).one()) == ("system", None)
