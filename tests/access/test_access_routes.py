"""The HTTP API of the feature, through a small application."""

import httpx2
import pytest
from access_fixtures import ADMIN_PASSWORD, PASSWORD, Workspaces, bearer, sign_in

from central_config.access.model import Caller, RoleGrant
from central_config.access.service import AccessService, NewUser

pytestmark = pytest.mark.anyio


@pytest.fixture
async def header(access: AccessService) -> dict[str, str]:
    return bearer(await sign_in(access, "admin", ADMIN_PASSWORD))


def code(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def test_sign_in_me_sign_out(client: httpx2.AsyncClient) -> None:
    wrong = {"username": "admin", "password": "wrong"}
    assert code(await client.post("/sessions", json=wrong)) == (401, "invalid-credentials")
    response = await client.post(
        "/sessions", json={"username": "admin", "password": ADMIN_PASSWORD}
    )
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["user"]["roles"] == [{"role": "admin", "workspace": None}]
    header = bearer(body["token"])
    me = (await client.get("/me", headers=header)).json()
    assert (me["kind"], me["name"], me["must_change_password"]) == ("user", "admin", False)
    assert me["grants"][0]["workspace"] is None
    assert "user.manage" in me["grants"][0]["permissions"]
    assert me["user"]["username"] == "admin"
    assert (await client.delete("/sessions/current", headers=header)).status_code == 204
    assert code(await client.get("/me", headers=header)) == (401, "invalid-credentials")
    assert code(await client.get("/me")) == (401, "authentication-required")


async def test_too_many_sign_ins_say_when_to_come_back(client: httpx2.AsyncClient) -> None:
    for _ in range(6):
        response = await client.post("/sessions", json={"username": "admin", "password": "wrong"})
    assert code(response) == (429, "too-many-requests")
    assert 1 <= int(response.headers["retry-after"]) <= 60


async def test_a_user_with_a_made_up_password_must_change_it(
    client: httpx2.AsyncClient, header: dict[str, str], access: AccessService
) -> None:
    created = await client.post(
        "/users", json={"username": "Ada", "email": "ada@example.org"}, headers=header
    )
    assert created.status_code == 201
    password = created.json()["initial_password"]
    assert created.json()["must_change_password"]
    await client.put("/users/ada/roles", json={"roles": [{"role": "admin"}]}, headers=header)
    mine = bearer(await sign_in(access, "ada", password))
    assert (await client.get("/me", headers=mine)).json()["must_change_password"]
    assert code(await client.get("/users", headers=mine)) == (403, "permission-denied")
    change = {"current_password": password, "new_password": PASSWORD}
    assert (await client.post("/me/password", json=change, headers=mine)).status_code == 204
    assert (await client.get("/users", headers=mine)).status_code == 200
    shown = (await client.get("/users/ada", headers=mine)).json()
    assert "initial_password" not in shown
    assert shown["last_login"] is not None


async def test_users_over_http(client: httpx2.AsyncClient, header: dict[str, str]) -> None:
    for name in ("ada", "bob", "cyd"):
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        response = await client.post("/users", json=body, headers=header)
        assert response.json()["initial_password"] is None
    names: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/users", params=query, headers=header)).json()
        names += [item["username"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert names == ["ada", "admin", "bob", "cyd"]
    bad = await client.get("/users", params={"cursor": "x"}, headers=header)
    assert code(bad) == (400, "malformed-cursor")
    roles = {"roles": [{"role": "viewer", "workspace": "shop"}, {"role": "auditor"}]}
    response = await client.put("/users/ada/roles", json=roles, headers=header)
    assert sorted(each["role"] for each in response.json()["roles"]) == ["auditor", "viewer"]
    response = await client.get("/users/ada", headers=header)
    assert {"role": "viewer", "workspace": "shop"} in response.json()["roles"]
    roles = {"roles": [{"role": "viewer", "workspace": "nowhere"}]}
    response = await client.put("/users/ada/roles", json=roles, headers=header)
    assert code(response) == (404, "workspace-not-found")
    response = await client.patch("/users/ada", json={"display_name": "Ada"}, headers=header)
    assert response.json()["display_name"] == "Ada"
    assert (await client.delete("/users/ada", headers=header)).status_code == 204
    assert not (await client.get("/users/ada", headers=header)).json()["active"]
    assert code(await client.delete("/users/admin", headers=header)) == (409, "in-use")
    for wrong in ({"nickname": "A"}, {"display_name": "A\x00"}):
        response = await client.patch("/users/ada", json=wrong, headers=header)
        assert response.status_code == 422


async def test_roles_over_http(client: httpx2.AsyncClient, header: dict[str, str]) -> None:
    body = {"name": "reader", "description": "reads", "permissions": ["config.read"]}
    assert (await client.post("/roles", json=body, headers=header)).status_code == 201
    del body["name"]
    body["permissions"] = ["config.read", "workspace.read"]
    response = await client.put("/roles/reader", json=body, headers=header)
    assert response.json()["permissions"] == ["config.read", "workspace.read"]
    listed = (await client.get("/roles", headers=header)).json()["items"]
    assert [role["name"] for role in listed if not role["built_in"]] == ["reader"]
    assert (await client.delete("/roles/reader", headers=header)).status_code == 204
    assert code(await client.get("/roles/reader", headers=header)) == (404, "not-found")
    assert code(await client.delete("/roles/viewer", headers=header)) == (409, "wrong-state")
    assert len((await client.get("/permissions", headers=header)).json()["items"]) == 13


async def test_keys_over_http(client: httpx2.AsyncClient, header: dict[str, str]) -> None:
    body = {"name": "app", "workspace": "shop", "environments": ["prod"], "key_prefix": "app/"}
    created = await client.post("/keys", json=body, headers=header)
    assert created.status_code == 201
    assert created.headers["cache-control"] == "no-store"
    key = created.json()
    token = key.pop("token")
    assert key["prefix"] == token[:11]
    assert (await client.get(f"/keys/{key['id']}", headers=header)).json() == key
    for _ in range(2):
        await client.post("/keys", json={**body, "workspace": "bank"}, headers=header)
    pages = [(await client.get("/keys?limit=2", headers=header)).json()]
    follow = {"limit": "2", "cursor": pages[0]["next_cursor"]}
    pages.append((await client.get("/keys", params=follow, headers=header)).json())
    places = [[item["workspace"] for item in page["items"]] for page in pages]
    assert places == [["bank", "bank"], ["shop"]]
    assert token not in str(pages)
    only = (await client.get("/keys?workspace=shop", headers=header)).json()["items"]
    assert [each["id"] for each in only] == [key["id"]]
    me = (await client.get("/me", headers=bearer(token))).json()
    assert me["kind"] == "api_key"
    assert me["scope"]["environments"] == ["prod"]
    assert me["user"] is None
    own = await client.delete("/sessions/current", headers=bearer(token))
    assert code(own) == (403, "permission-denied")
    assert code(await client.get("/keys", headers=bearer(token))) == (403, "permission-denied")
    assert (await client.delete(f"/keys/{key['id']}", headers=header)).status_code == 204
    assert code(await client.get("/me", headers=bearer(token))) == (401, "invalid-credentials")
    for wrong in ({"access": "admin"}, {"workspace": "UPPER"}, {"expires_at": "2031-01-01"}):
        response = await client.post("/keys", json={**body, **wrong}, headers=header)
        assert response.status_code == 422, wrong


async def test_a_manager_of_one_workspace_over_http(
    client: httpx2.AsyncClient,
    access: AccessService,
    admin: Caller,
    workspaces: Workspaces,
) -> None:
    shop = workspaces.refs["shop"].id
    await access.roles.create(admin, "keeper", "", ["user.manage", "key.manage", "config.read"])
    await access.users.create(admin, NewUser("kim", "kim@example.org", password=PASSWORD))
    await access.users.set_roles(admin, "kim", [RoleGrant("keeper", shop)])
    await access.roles.create(admin, "reader", "", ["config.read"])
    header = bearer(await sign_in(access, "kim"))
    assert code(await client.get("/users", headers=header)) == (403, "permission-denied")
    roles = {"roles": [{"role": "keeper", "workspace": "shop"}, {"role": "reader"}]}
    response = await client.put("/users/kim/roles", json=roles, headers=header)
    assert code(response) == (403, "permission-denied")
    roles = {"roles": [{"role": "reader", "workspace": "bank"}]}
    response = await client.put("/users/kim/roles", json=roles, headers=header)
    assert code(response) == (404, "workspace-not-found")
