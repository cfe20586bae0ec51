"""The audit log over HTTP, against a real database."""

import httpx2
import pytest
from access_fixtures import (
    ADMIN_PASSWORD,
    SettableClock,
    Workspaces,
    add_user,
    bearer,
    sign_in,
)
from sqlalchemy import text

from central_config.access.model import SIGNED_IN, Caller, RoleGrant
from central_config.access.service import AccessService, NewKey
from central_config.audit import routes
from central_config.audit.model import verify_export
from central_config.core.db import Database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def header(access: AccessService, admin: Caller, clock: SettableClock) -> dict[str, str]:
    for workspace in ("shop", "bank", "shop"):
        clock.advance(minutes=1)
        await access.keys.create(admin, NewKey("app", workspace))
    clock.advance(minutes=1)
    return bearer(await sign_in(access, "admin", ADMIN_PASSWORD))


async def listed(
    client: httpx2.AsyncClient, header: dict[str, str], **query: str
) -> list[tuple[str, str]]:
    response = await client.get("/audit", params=query, headers=header)
    assert response.status_code == 200, response.text
    return [(item["action"], item["actor_name"]) for item in response.json()["items"]]


async def test_the_mark_is_the_one_of_access() -> None:
    assert routes.SIGNED_IN == SIGNED_IN


async def test_events_are_listed_and_filtered(
    client: httpx2.AsyncClient, header: dict[str, str], clock: SettableClock
) -> None:
    everything = await listed(client, header)
    assert everything[:2] == [("session.created", "admin"), ("key.created", "admin")]
    assert len(everything) == 7
    assert await listed(client, header, workspace="shop") == [("key.created", "admin")] * 2
    assert await listed(client, header, action="key.created", workspace="bank") == [
        ("key.created", "admin")
    ]
    assert len(await listed(client, header, action="key.")) == 3
    assert len(await listed(client, header, action="user.")) == 1
    assert len(await listed(client, header, actor="central-config")) == 2
    moment = clock.now().isoformat()
    assert len(await listed(client, header, since=moment)) == 1
    assert len(await listed(client, header, until=moment)) == 6
    response = await client.get("/audit?since=yesterday", headers=header)
    assert response.status_code == 422
    item = (await client.get("/audit?workspace=bank", headers=header)).json()["items"][0]
    assert item["details"]["name"] == "app"
    assert len(item["hash"]) == 64


async def test_pages_hold_every_event_once(
    client: httpx2.AsyncClient, header: dict[str, str]
) -> None:
    found: list[tuple[str, int]] = []
    query: dict[str, str] = {"limit": "2"}
    while True:
        page = (await client.get("/audit", params=query, headers=header)).json()
        found += [(item["chain"], item["sequence"]) for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert len(found) == len(set(found)) == 7
    for wrong in ("bm8", "WzEsMiwzXQ", "WyIyMDMwLTAxLTAxVDAwOjAwOjAwWiIsICJ4IiwgMV0"):
        response = await client.get("/audit", params={"cursor": wrong}, headers=header)
        assert response.json()["code"] == "malformed-cursor"


async def test_an_export_proves_itself_and_a_verification_holds(
    client: httpx2.AsyncClient, header: dict[str, str]
) -> None:
    response = await client.get("/audit/export", headers=header)
    assert response.headers["content-type"] == "application/x-ndjson"
    report = verify_export(response.text.splitlines())
    assert report.broken is None
    assert report.events == 7
    assert len(report.heads) == 3
    assert verify_export(response.text.splitlines()[:-2]).broken is not None
    answer = (await client.get("/audit/verify", headers=header)).json()
    assert answer["intact"]
    assert answer["events"] == 7
    assert answer["heads"] == {
        str(chain): {"sequence": head.sequence, "hash": head.hash.hex()}
        for chain, head in report.heads.items()
    }
    response = await client.get("/audit/export?workspace=shop", headers=header)
    assert verify_export(response.text.splitlines()).events == 2


async def test_a_tampered_row_is_named(
    client: httpx2.AsyncClient,
    header: dict[str, str],
    database: Database,
    workspaces: Workspaces,
) -> None:
    shop = workspaces.refs["shop"].id
    async with database.begin() as connection:
        await connection.execute(
            text("UPDATE cc_audit_log SET actor_name = 'eve' WHERE chain = :c AND sequence = 2"),
            {"c": shop},
        )
    answer = (await client.get("/audit/verify", headers=header)).json()
    assert not answer["intact"]
    assert answer["broken"] == {
        "chain": str(shop),
        "sequence": 2,
        "reason": "its content does not match its hash",
    }
    lines = (await client.get("/audit/export", headers=header)).text.splitlines()
    broken = verify_export(lines).broken
    assert broken is not None
    assert (broken.chain, broken.sequence) == (shop, 2)
    answer = (await client.get("/audit/verify?workspace=bank", headers=header)).json()
    assert answer["intact"]


async def test_a_cut_tail_is_found(
    client: httpx2.AsyncClient,
    header: dict[str, str],
    database: Database,
    workspaces: Workspaces,
) -> None:
    shop = workspaces.refs["shop"].id
    async with database.begin() as connection:
        await connection.execute(
            text("DELETE FROM cc_audit_log WHERE chain = :c AND sequence = 2"), {"c": shop}
        )
    answer = (await client.get("/audit/verify", headers=header)).json()
    assert answer["broken"] == {
        "chain": str(shop),
        "sequence": 2,
        "reason": "the chain ends at 1, its head says 2",
    }
    lines = (await client.get("/audit/export", headers=header)).text.splitlines()
    broken = verify_export(lines).broken
    assert broken is not None
    assert (broken.chain, broken.reason) == (shop, "the chain ends at 1, its head says 2")


async def test_who_may_read_what(
    client: httpx2.AsyncClient, access: AccessService, admin: Caller, workspaces: Workspaces
) -> None:
    shop = workspaces.refs["shop"].id
    await add_user(access, admin, "ada", RoleGrant("auditor", shop))
    await add_user(access, admin, "vi", RoleGrant("viewer", shop))
    await access.keys.create(admin, NewKey("app", "shop"))
    ada, vi = [bearer(await sign_in(access, name)) for name in ("ada", "vi")]
    assert await listed(client, ada, workspace="shop") == [("key.created", "admin")]
    for path in ("/audit", "/audit/export", "/audit/verify"):
        everything = await client.get(path, headers=ada)
        assert everything.json()["code"] == "permission-denied"
        other = await client.get(path, params={"workspace": "bank"}, headers=ada)
        assert other.json()["code"] == "workspace-not-found"
        viewer = await client.get(path, params={"workspace": "shop"}, headers=vi)
        assert viewer.json()["code"] == "permission-denied"
        stranger = await client.get(path)
        assert stranger.json()["code"] == "authentication-required"
