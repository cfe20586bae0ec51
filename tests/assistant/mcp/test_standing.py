"""Who may ask, what they may ask for, how often, and from where."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.assistant.mcp.conftest import READING, Session, connected
from tests.support.api import ApiProcess, Client, Workspace

pytestmark = pytest.mark.anyio

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def post(api: ApiProcess, token: str | None, **headers: str) -> httpx2.Response:
    """Send a ping as a client of the protocol does."""
    given = {"Accept": "application/json, text/event-stream", **headers}
    if token is not None:
        given["Authorization"] = f"Bearer {token}"
    return httpx2.post(f"{api.url}/mcp", headers=given, json=PING, timeout=10)


@pytest.mark.usefixtures("unthrottled")
def test_without_a_key_nothing_is_answered(speaking: ApiProcess) -> None:
    for token, code in ((None, "authentication-required"), ("cc_no", "invalid-credentials")):
        answer = post(speaking, token)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer ")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == code


def test_a_key_may_come_in_its_own_header(speaking: ApiProcess, workspace: Workspace) -> None:
    answer = post(speaking, None, **{"X-API-Key": workspace.key()})
    assert answer.status_code == 200
    assert answer.json() == {"jsonrpc": "2.0", "id": 1, "result": {}}


def test_foreign_hosts_and_pages_are_refused(speaking: ApiProcess, workspace: Workspace) -> None:
    key = workspace.key()
    for headers in (
        {"Host": "evil.example"},
        {"Host": f"evil.example:{speaking.port}"},
        {"Host": "localhost.evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": speaking.url},
    ):
        answer = post(speaking, key, **headers)
        assert answer.status_code == 403, headers
        assert answer.json()["code"] == "origin-refused"
    assert post(speaking, key, Host="localhost").status_code == 200
    assert post(speaking, key, Host=f"127.0.0.1:{speaking.port}").status_code == 200
    # Refused before anybody is looked up.
    assert post(speaking, None, Host="evil.example").status_code == 403


async def test_a_viewer_reads_and_cannot_propose(
    asking: Session, admin: Client, workspace: Workspace
) -> None:
    workspace.admin.put(workspace.place("prod", "app/pool"), 10)
    async with asking(_viewer(admin, workspace).token) as assistant:
        assert set(await assistant.tools()) == READING
        answer = await assistant.use("get_config", workspace=workspace.slug, environment="prod")
        assert answer["items"][0]["value"] == 10
        said = await assistant.refused("get_config", environment="prod")
        assert f"there are: {workspace.slug}\n" in said
        edit = {"environment": "prod", "key": "app/pool", "value": 11}
        said = await assistant.refused(
            "propose_change", workspace=workspace.slug, message="x", edits=[edit]
        )
        assert said.startswith("permission-denied: ")
        other = Workspace(admin)
        for name in (workspace.slug + "x", other.slug):
            said = await assistant.refused("get_config", workspace=name, environment="prod")
            assert said.startswith("workspace-not-found: ")


def _viewer(admin: Client, workspace: Workspace) -> Client:
    """Return somebody who may only read one workspace."""
    name = f"viewer-{workspace.slug}"
    body = {"username": name, "email": f"{name}@example.org", "password": "first-password-1"}
    admin.ok("POST", "/users", json=body)
    role = {"role": "viewer", "workspace": workspace.slug}
    admin.ok("PUT", f"/users/{name}/roles", json={"roles": [role]})
    anonymous = Client(admin.base, None)
    session = anonymous.ok(
        "POST", "/sessions", json={"username": name, "password": "first-password-1"}
    )
    anonymous.close()
    client = Client(admin.base, session["token"])
    if session["user"].get("must_change_password"):
        said = {"current_password": "first-password-1", "new_password": "second-password-2"}
        client.ok("POST", "/me/password", json=said)
    return client


async def test_a_key_reaches_no_further_than_its_scope(
    asking: Session, workspace: Workspace
) -> None:
    put = workspace.admin.put
    for place in ("base/app/a", "prod/app/a", "prod/other/b", "staging/app/a"):
        put(f"{workspace.slug}/{place}", place)
    key = workspace.key(environments=["prod"], key_prefix="app/", access="write")
    async with asking(key) as assistant:
        found = await assistant.use("search_config", words="a")
        assert {(each["environment"], each["key"]) for each in found["items"]} == {
            ("prod", "app/a")
        }
        assert found["environments"] == ["prod"]
        got = await assistant.use("get_config", environment="prod")
        assert [each["key"] for each in got["items"]] == ["app/a"]
        explained = await assistant.use("explain_key", environment="prod", key="app/a")
        assert [each["environment"] for each in explained["layers"]] == ["prod"]
        for name, arguments in _beyond():
            said = await assistant.refused(name, **arguments)
            assert said.split(":")[0] in {
                "environment-not-found",
                "key-not-found",
                "permission-denied",
            }, said


def _beyond() -> list[tuple[str, dict[str, Any]]]:
    """Return calls about what the scope does not hold."""
    return [
        ("get_config", {"environment": "staging"}),
        ("get_config", {"environment": "prod", "key": "other/b"}),
        ("explain_key", {"environment": "prod", "key": "other/b"}),
        ("explain_key", {"environment": "staging", "key": "app/a"}),
        ("compare_environments", {"left": "prod", "right": "staging"}),
        ("search_config", {"words": "a", "environment": "base"}),
        (
            "propose_change",
            {"message": "x", "edits": [{"environment": "prod", "key": "other/b", "value": 1}]},
        ),
    ]


@pytest.fixture(scope="module")
def narrow(speaking: ApiProcess, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A replica on the same database, which allows two tools, few requests, and a foreign name."""
    more = {
        "MCP_ENABLED": "true",
        "MCP_TOOLS": "get_config, explain_key",
        "MCP_ALLOWED_HOSTS": "config.example.org, other.example.org:8443",
        "MCP_ALLOWED_ORIGINS": "https://console.example.org",
        "RATE_LIMIT_PER_KEY": "5",
    }
    log = tmp_path_factory.mktemp("narrow") / "api.log"
    api = ApiProcess(speaking.environment["DATABASE_URL"], redis_url, log, more)
    api.start()
    yield api
    api.stop()


async def test_only_what_is_allowed_is_there(narrow: ApiProcess, workspace: Workspace) -> None:
    async with connected(narrow.url, workspace.key(access="write")) as assistant:
        assert set(await assistant.tools()) == {"get_config", "explain_key"}
        with pytest.raises(Exception, match="There is no tool 'search_config' here"):
            await assistant.call("search_config", words="x")


def test_names_that_were_allowed(narrow: ApiProcess, workspace: Workspace) -> None:
    key = workspace.key()
    for host, status in (
        ("config.example.org", 200),
        ("CONFIG.example.org:444", 200),
        ("other.example.org:8443", 200),
        ("other.example.org", 403),
    ):
        assert post(narrow, key, Host=host).status_code == status, host
    assert post(narrow, key, Origin="https://console.example.org").status_code == 200
    assert post(narrow, key, Origin="http://console.example.org").status_code == 403


async def test_a_key_may_ask_only_so_often(narrow: ApiProcess, workspace: Workspace) -> None:
    key, other = workspace.key(), workspace.key()
    headers = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {key}"}
    # More at once than it may make in the time that this takes, however busy the machine is.
    async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
        asked = [http.post(f"{narrow.url}/mcp", json=PING) for _ in range(80)]
        answers = await asyncio.gather(*asked)
    refused = [each for each in answers if each.status_code != 200]
    assert 5 <= len(answers) - len(refused) < 80
    assert {each.status_code for each in refused} == {429}
    assert refused[0].json()["code"] == "too-many-requests"
    assert int(refused[0].headers["retry-after"]) >= 1
    assert post(narrow, other).status_code == 200


def test_a_tool_that_does_not_exist_cannot_be_allowed(
    speaking: ApiProcess, redis_url: str, tmp_path: Path
) -> None:
    more = {"MCP_ENABLED": "true", "MCP_TOOLS": "get_config, publish_change"}
    url = speaking.environment["DATABASE_URL"]
    api = ApiProcess(url, redis_url, tmp_path / "api.log", more)
    with pytest.raises(AssertionError, match="there is no tool 'publish_change'"):
        api.start()
    if api.process is not None and api.process.poll() is None:
        api.kill()
