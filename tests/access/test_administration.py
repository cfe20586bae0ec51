"""Users, roles, keys: who may give what, and what protects the last administrator."""

import asyncio

import pytest
from access_fixtures import ADDRESS, Workspaces, add_user, caller_of, sign_in
from sqlalchemy import text

from central_config.access.model import Caller, RoleGrant
from central_config.access.service import AccessService, NewKey, NewUser, UserPatch
from central_config.audit.service import AuditService
from central_config.core.db import Database
from central_config.core.problems import Problem

pytestmark = pytest.mark.anyio

ACCESS_REVIEW = """
SELECT u.username, u.email, r.name as role, p.name as permission
FROM cc_user u
JOIN user_roles ur ON u.id = ur.user_id
JOIN roles r ON ur.role_id = r.id
JOIN role_permissions rp ON r.id = rp.role_id
JOIN permissions p ON rp.permission_id = p.id
ORDER BY u.username, r.name;
"""


@pytest.fixture
async def helpdesk(access: AccessService, admin: Caller) -> Caller:
    """Manages users and roles everywhere, and sees who there is; nothing else."""
    await access.roles.create(admin, "helpdesk", "", ["user.read", "user.manage", "role.manage"])
    return await add_user(access, admin, "hel", RoleGrant("helpdesk"))


@pytest.fixture
async def shopkeeper(access: AccessService, admin: Caller, workspaces: Workspaces) -> Caller:
    """Manages users of one workspace, and reads its configuration."""
    await access.roles.create(
        admin, "keeper", "", ["user.manage", "workspace.read", "config.read", "key.manage"]
    )
    return await add_user(access, admin, "kim", RoleGrant("keeper", workspaces.refs["shop"].id))


async def denied(work: object, code: str = "permission-denied") -> Problem:
    with pytest.raises(Problem, match=code) as raised:
        await work  # type: ignore[misc]
    return raised.value


async def test_users_are_created_changed_and_listed(access: AccessService, admin: Caller) -> None:
    created, generated = await access.users.create(
        admin, NewUser("Ada", "ada@example.org", "Ada Lovelace")
    )
    assert (created.username, created.active, created.must_change_password) == ("ada", True, True)
    assert generated is not None
    await denied(access.users.create(admin, NewUser("ADA", "x@example.org")), "already-exists")
    for wrong in (NewUser("a b", "x@example.org"), NewUser("bob", "nowhere"), NewUser("", "a@b")):
        await denied(access.users.create(admin, wrong), "invalid-request")
    changed = await access.users.update(admin, "ADA", UserPatch(email="a@example.org"))
    assert changed == await access.users.get("ada")
    assert changed.email == "a@example.org"
    await denied(access.users.get("nobody"), "not-found")
    await denied(access.users.update(admin, "nobody", UserPatch()), "not-found")
    page = await access.users.page("", 1)
    assert [user.username for user in page] == ["ada"]
    assert [user.username for user in await access.users.page("ada", 5)] == ["admin"]


async def test_the_last_administrator_stays(access: AccessService, admin: Caller) -> None:
    await denied(access.users.deactivate(admin, "admin"), "in-use")
    await denied(access.users.set_roles(admin, "admin", []), "in-use")
    everywhere = RoleGrant("admin")
    ada = await add_user(access, admin, "ada", everywhere)
    results = await asyncio.gather(
        access.users.deactivate(ada, "admin"),
        access.users.set_roles(admin, "ada", []),
        return_exceptions=True,
    )
    problems = [result for result in results if isinstance(result, Problem)]
    assert [problem.code for problem in problems] == ["in-use"]


async def test_an_inactive_administrator_does_not_count(
    access: AccessService, admin: Caller
) -> None:
    await add_user(access, admin, "ada", RoleGrant("admin"))
    await access.users.deactivate(admin, "ada")
    await denied(access.users.deactivate(admin, "admin"), "in-use")
    await access.users.set_roles(admin, "ada", [])


async def test_an_administrator_of_one_workspace_does_not_count(
    access: AccessService, admin: Caller, workspaces: Workspaces
) -> None:
    await add_user(access, admin, "ada", RoleGrant("admin", workspaces.refs["shop"].id))
    await denied(access.users.deactivate(admin, "admin"), "in-use")


async def test_nobody_gives_what_they_do_not_hold(
    access: AccessService, admin: Caller, helpdesk: Caller
) -> None:
    await add_user(access, admin, "ada")
    problem = await denied(access.users.set_roles(helpdesk, "ada", [RoleGrant("admin")]))
    assert "secret.reveal" in problem.detail
    await denied(access.users.set_roles(helpdesk, "hel", [RoleGrant("admin")]))
    await denied(access.roles.create(helpdesk, "sly", "", ["secret.reveal"]))
    await denied(access.roles.replace(helpdesk, "helpdesk", "", ["user.manage", "audit.read"]))
    # What somebody has and the caller does not, the caller cannot take either.
    await denied(access.users.set_roles(helpdesk, "admin", []))
    await access.users.set_roles(helpdesk, "ada", [RoleGrant("helpdesk")])
    assert (await access.users.get("ada")).roles == (RoleGrant("helpdesk"),)


async def test_nobody_takes_over_an_account_that_may_do_more(
    access: AccessService, helpdesk: Caller
) -> None:
    for patch in (
        UserPatch(password="a password they chose"),
        UserPatch(email="helpdesk@example.org"),
        UserPatch(active=False),
    ):
        await denied(access.users.update(helpdesk, "admin", patch))
    await denied(access.users.deactivate(helpdesk, "admin"))


async def test_a_manager_of_one_workspace_gives_roles_there_only(
    access: AccessService, admin: Caller, shopkeeper: Caller, workspaces: Workspaces
) -> None:
    shop, bank = (workspaces.refs[slug].id for slug in ("shop", "bank"))
    await add_user(access, admin, "ada", RoleGrant("viewer", bank), RoleGrant("auditor"))
    await denied(access.users.set_roles(shopkeeper, "ada", [RoleGrant("viewer")]))
    await denied(access.users.set_roles(shopkeeper, "kim", [RoleGrant("viewer", bank)]))
    await denied(access.users.set_roles(shopkeeper, "ada", [RoleGrant("admin", shop)]))
    shown = await access.users.set_roles(shopkeeper, "ada", [RoleGrant("viewer", shop)])
    assert shown.roles == (RoleGrant("viewer", shop),)
    assert set((await access.users.get("ada")).roles) == {
        RoleGrant("viewer", bank),
        RoleGrant("viewer", shop),
        RoleGrant("auditor"),
    }
    await access.users.set_roles(shopkeeper, "ada", [])
    assert set((await access.users.get("ada")).roles) == {
        RoleGrant("viewer", bank),
        RoleGrant("auditor"),
    }
    viewer = await caller_of(access, "ada")
    await denied(access.users.set_roles(viewer, "ada", []))


async def test_roles_have_rules_of_their_own(access: AccessService, admin: Caller) -> None:
    for work in (
        access.roles.replace(admin, "viewer", "", ["config.read"]),
        access.roles.delete(admin, "admin"),
    ):
        await denied(work, "wrong-state")
    await denied(access.roles.create(admin, "viewer", "", []), "already-exists")
    await denied(access.roles.create(admin, "No Name", "", []), "invalid-request")
    problem = await denied(access.roles.create(admin, "x", "", ["config.read", "fly"]), "invalid")
    assert [error.pointer for error in problem.errors] == ["/permissions/1"]
    await denied(access.roles.get("nothing"), "not-found")
    await access.roles.create(admin, "reader", "reads", ["config.read"])
    await add_user(access, admin, "ada", RoleGrant("reader"))
    problem = await denied(access.roles.delete(admin, "reader"), "in-use")
    assert "ada" in problem.detail
    await denied(
        access.users.set_roles(admin, "ada", [RoleGrant("reader"), RoleGrant("nothing")]),
        "/roles/1/role|nothing",
    )
    await access.users.set_roles(admin, "ada", [])
    await access.roles.delete(admin, "reader")
    assert "reader" not in {role.name for role in await access.roles.page("", 100)}


async def test_a_key_allows_no_more_than_its_maker(
    access: AccessService, admin: Caller, shopkeeper: Caller, workspaces: Workspaces
) -> None:
    shop = workspaces.refs["shop"].id
    key, _ = await access.keys.create(shopkeeper, NewKey("app", "shop"))
    await denied(access.keys.create(shopkeeper, NewKey("app", "shop", secrets=True)))
    await denied(access.keys.create(shopkeeper, NewKey("app", "shop", access="write")))
    await denied(access.keys.create(shopkeeper, NewKey("app", "bank")), "workspace-not-found")
    await denied(access.keys.create(shopkeeper, NewKey("app", "none")), "workspace-not-found")
    other, token = await access.keys.create(admin, NewKey("till", "bank", secrets=True))
    await denied(access.keys.get(shopkeeper, other.id), "not-found")
    await denied(access.keys.revoke(shopkeeper, other.id), "not-found")
    assert [each.id for each in await access.keys.page(shopkeeper, None, None, 10)] == [key.id]
    await denied(access.keys.page(shopkeeper, "bank", None, 10), "workspace-not-found")
    viewer = await add_user(access, admin, "vi", RoleGrant("viewer", shop))
    await denied(access.keys.page(viewer, None, None, 10))
    await denied(access.keys.page(viewer, "shop", None, 10))
    machine = await access.authenticate(token, ADDRESS)
    await denied(access.keys.create(Caller(machine, machine.actor()), NewKey("x", "bank")))
    assert (await access.keys.get(admin, other.id)).created_by == "admin"
    await access.keys.revoke(shopkeeper, key.id)
    assert (await access.keys.get(shopkeeper, key.id)).revoked_at is not None


async def test_a_restricted_user_may_do_nothing(access: AccessService, admin: Caller) -> None:
    _, password = await access.users.create(admin, NewUser("ada", "ada@example.org"))
    await access.users.set_roles(admin, "ada", [RoleGrant("admin")])
    ada = await caller_of(access, "ada", password or "")
    await denied(access.keys.page(ada, None, None, 10))
    await denied(access.users.set_roles(ada, "ada", []))


async def test_every_change_leaves_an_event_and_the_chains_hold(
    access: AccessService, admin: Caller, database: Database, workspaces: Workspaces
) -> None:
    shop = workspaces.refs["shop"].id
    await add_user(access, admin, "ada", RoleGrant("viewer", shop))
    await access.roles.create(admin, "reader", "", ["config.read"])
    await access.roles.replace(admin, "reader", "reads", ["config.read"])
    await access.roles.delete(admin, "reader")
    key, token = await access.keys.create(admin, NewKey("app", "shop", key_prefix="app/"))
    await access.keys.revoke(admin, key.id)
    await access.users.update(admin, "ada", UserPatch(email="b@example.org"))
    await access.users.update(admin, "ada", UserPatch(email="b@example.org"))  # nothing changes
    await access.users.deactivate(admin, "ada")
    await access.users.update(admin, "ada", UserPatch(active=True))
    await access.sessions.sign_out(admin)
    audit = AuditService(database)
    events = await audit.page({}, None, 100)
    assert [event.action for event in reversed(events) if event.chain != shop] == [
        "catalogue.updated",
        "user.created",
        "session.created",
        "user.created",
        "user.roles-set",
        "session.created",
        "role.created",
        "role.updated",
        "role.deleted",
        "user.updated",
        "user.deactivated",
        "user.activated",
        "session.ended",
    ]
    keys = [event for event in reversed(events) if event.chain == shop]
    assert [event.action for event in keys] == ["key.created", "key.revoked"]
    assert keys[0].target == f"key:{key.prefix}"
    assert keys[0].actor_name == "admin"
    assert token[len(key.prefix) :] not in str(events)
    report = await audit.verify()
    assert report.broken is None
    assert report.events == len(events)


async def test_a_refused_change_leaves_nothing(
    access: AccessService, admin: Caller, database: Database
) -> None:
    count = text("SELECT count(*) FROM cc_audit_log")
    async with database.connect() as connection:
        before = (await connection.execute(count)).scalar()
        await denied(access.users.create(admin, NewUser("admin", "x@example.org")), "exists")
        await denied(access.users.deactivate(admin, "admin"), "in-use")
        assert (await connection.execute(count)).scalar() == before


async def test_the_access_review_runs_as_the_runbook_has_it(
    access: AccessService, admin: Caller, database: Database, workspaces: Workspaces
) -> None:
    shop = workspaces.refs["shop"].id
    await add_user(access, admin, "ada", RoleGrant("viewer", shop))
    async with database.connect() as connection:
        rows = [tuple(row) for row in await connection.execute(text(ACCESS_REVIEW))]
    assert ("ada", "ada@example.org", "viewer", "config.read") in rows
    assert len([row for row in rows if row[0] == "admin"]) == 13
    assert rows == sorted(rows, key=lambda row: (row[0], row[2]))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cc_user SET username = 'Admin'",
        "INSERT INTO user_roles SELECT user_id, role_id, NULL FROM user_roles",
        "INSERT INTO cc_user SELECT gen_random_uuid(), username, '', '', '' FROM cc_user",
    ],
)
async def test_the_tables_refuse_what_must_not_be(
    access: AccessService, database: Database, statement: str
) -> None:
    del access
    with pytest.raises(Exception, match="violates"):
        async with database.begin() as connection:
            await connection.execute(text(statement))


async def test_sessions_of_a_deactivated_user_end(access: AccessService, admin: Caller) -> None:
    await add_user(access, admin, "ada")
    token = await sign_in(access, "ada")
    await access.authenticate(token, ADDRESS)
    await access.users.deactivate(admin, "ada")
    await access.users.deactivate(admin, "ada")
    await denied(access.authenticate(token, ADDRESS), "invalid-credentials")
