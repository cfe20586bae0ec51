"""What holds for the API as a whole: permissions, problem pages, headers, pages, signals."""

import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from schemathesis.specs.openapi.definitions import OPENAPI_31
from starlette.routing import BaseRoute

from central_config.access.model import PERMISSIONS, PUBLIC, SIGNED_IN
from central_config.api.app import build_control_plane
from central_config.api.services import Services
from central_config.core.ids import new_id
from central_config.core.problems import CATALOGUE
from central_config.core.settings import Settings
from central_config.core.web import Requirement
from tests.support.api import MASTER_KEY, ApiProcess, Client, Workspace

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "reference" / "problems.md"


def application() -> FastAPI:
    """Return the application as it is served; it connects to nothing before it is started."""
    nowhere = "postgresql://localhost/none"
    return build_control_plane(Services(Settings(database_url=nowhere, master_key=MASTER_KEY)))


def routes_of(routes: Sequence[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes_of(inner.routes)


def permissions_of(dependant: Dependant) -> Iterator[str]:
    if isinstance(dependant.call, Requirement):
        yield dependant.call.permission
    for each in dependant.dependencies:
        yield from permissions_of(each)


def undeclared(app: FastAPI) -> list[str]:
    """Return the names of routes that declare no permission, or one that does not exist."""
    known = {*PERMISSIONS, PUBLIC, SIGNED_IN}
    wrong: list[str] = []
    for route in routes_of(app.routes):
        declared = set(permissions_of(route.dependant))
        if not declared or declared - known:
            wrong.append(route.name)
    return wrong


def test_every_route_declares_a_permission() -> None:
    app = application()
    assert len(list(routes_of(app.routes))) > 60
    assert undeclared(app) == []

    @app.get("/bare")
    async def bare() -> None:
        """Do nothing, for anybody."""

    assert undeclared(app) == ["bare"]


def test_few_routes_are_public() -> None:
    public = {
        route.name
        for route in routes_of(application().routes)
        if PUBLIC in permissions_of(route.dependant)
    }
    # Alertmanager brings a token of its own, which its route checks.
    alerts = {"receive_alerts"}
    assert public == {"create_session", "live", "ready", "health", "problem_page"} | alerts


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_problem_has_a_page_and_is_documented(server: ApiProcess, code: str) -> None:
    page = httpx2.get(f"{server.url}/problems/{code}")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    kind = CATALOGUE[code]
    assert kind.title in page.text
    assert str(kind.status) in page.text
    assert f"\n## {code}\n" in DOCUMENTATION.read_text("utf-8")


def test_pages_of_problems_that_do_not_exist(server: ApiProcess) -> None:
    page = httpx2.get(f"{server.url}/problems/<script>")
    assert page.status_code == 404
    assert page.json()["code"] == "not-found"


def test_openapi(admin: Client) -> None:
    document = admin.ok("GET", "/openapi.json")
    assert document["openapi"].startswith("3.1")
    errors = jsonschema_rs.validator_for(OPENAPI_31).iter_errors(document)
    assert [str(error) for error in errors] == []
    operations = [
        operation
        for path in document["paths"].values()
        for method, operation in path.items()
        if method in {"get", "put", "post", "patch", "delete"}
    ]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids)) > 60
    for operation in operations:
        assert operation.get("description"), operation["operationId"]
        assert any(status.startswith("2") for status in operation["responses"])


def test_reads_carry_revision_age_and_tag(workspace: Workspace, admin: Client) -> None:
    revision = admin.put(workspace.place("base", "a"), 1)["revision"]
    for place in (workspace.place("prod"), workspace.place("prod", "a")):
        read = admin.get(f"/config/{place}")
        assert int(read.headers["config-revision"]) == revision
        assert 0 <= float(read.headers["config-age"]) < 30
        assert "Authorization" in read.headers["vary"]
        tag = read.headers["etag"]
        assert re.fullmatch(r'"\d+"', tag)
        for seen in (tag, f"W/{tag}"):
            again = admin.get(f"/config/{place}", headers={"If-None-Match": seen})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["config-revision"] == str(revision)
            assert again.headers["etag"] == tag
    admin.put(workspace.place("staging", "b"), 1)  # prod does not see it
    place = f"/config/{workspace.place('prod')}"
    assert admin.get(place, headers={"If-None-Match": tag}).status_code == 304
    admin.put(workspace.place("base", "c"), 1)
    assert admin.get(place, headers={"If-None-Match": tag}).status_code == 200
    fresh = admin.get(place, params={"consistent": True})
    assert int(fresh.headers["config-revision"]) == workspace.revision()


def test_reads_of_named_keys(workspace: Workspace, admin: Client) -> None:
    for key in ("a", "b", "app/c", "app/d"):
        admin.put(workspace.place("base", key), key)
    place = workspace.place("prod")
    assert admin.values(place, key=["a", "app/d", "nope"]) == {"a": "a", "app/d": "app/d"}
    assert admin.values(place, prefix="app/") == {"app/c": "app/c", "app/d": "app/d"}


def walk(client: Client, path: str, **params: Any) -> list[Any]:
    found: list[Any] = []
    while True:
        page = client.ok("GET", path, params=params)
        assert len(page["items"]) <= params["limit"]
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        params["cursor"] = page["next_cursor"]


def test_pages_hold_everything_once(workspace: Workspace, admin: Client) -> None:
    for number in range(5):
        admin.put(workspace.place("base", f"k{number}"), number)
        admin.put(workspace.place("base", "k"), number)
        workspace.key()
    environment = workspace.environment("base")
    for path, params in (
        (f"{workspace.path}/changes", {}),
        (f"{workspace.path}/revisions", {}),
        (f"{environment}/configurations", {}),
        (f"{environment}/history/k", {}),
        ("/keys", {"workspace": workspace.slug}),
        ("/audit", {"workspace": workspace.slug}),
        ("/users", {}),
        ("/roles", {}),
        ("/workspaces", {}),
    ):
        whole = admin.ok("GET", path, params={"limit": 1000, **params})["items"]
        assert len(whole) >= 1
        for limit in (1, 2, len(whole)):
            if limit * 60 < len(whole):
                continue  # many small pages of what other tests left prove nothing more
            assert walk(admin, path, limit=limit, **params) == whole, (path, limit)


def test_head_has_no_body(workspace: Workspace, admin: Client) -> None:
    answer = admin.request("HEAD", f"/config/{workspace.place('base')}")
    assert answer.status_code in {200, 405}
    assert answer.content == b""


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_health_needs_no_credentials(server: ApiProcess, path: str) -> None:
    answer = httpx2.get(server.url + path)
    assert answer.status_code == 200
    assert answer.json()["status"] in {"alive", "ready"}
    if path != "/health/live":
        checks = answer.json()["checks"]
        assert {"database", "snapshots"} <= set(checks)
        assert all(check["ok"] for check in checks.values())


def test_metrics(server: ApiProcess, workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "a"), 1)
    admin.get("/nowhere/at/all")
    text = httpx2.get(f"http://127.0.0.1:{server.metrics_port}/metrics").text
    written = re.findall(r"^http_requests_total\{(.*?)\} (\S+)$", text, re.MULTILINE)
    labels = [dict(re.findall(r'(\w+)="(.*?)"', each)) for each, _ in written]
    assert all(set(each) == {"method", "route", "status"} for each in labels)
    assert {
        "method": "PUT",
        "route": "/api/v1/config/{workspace}/{environment}/{key}",
        "status": "201",
    } in labels
    assert not any(workspace.slug in each["route"] or "nowhere" in each["route"] for each in labels)
    for name in (
        "http_request_duration_seconds_bucket",
        "central_config_active_configurations_total",
        "central_config_snapshot_age_seconds",
        "central_config_writer_queue_depth",
        "central_config_database_pool_connections",
    ):
        assert re.search(rf"^{name}(\{{| )", text, re.MULTILINE), name


def lines_of(server: ApiProcess, mark: str) -> list[dict[str, Any]]:
    """Return the log lines that hold the mark, once there are some."""
    until = time.monotonic() + 5
    while True:
        lines = [line for line in server.log.read_text().splitlines() if mark in line]
        if lines:
            return [json.loads(line) for line in lines]
        assert time.monotonic() < until, f"no log line with {mark}"
        time.sleep(0.05)


def test_access_line(server: ApiProcess, workspace: Workspace, admin: Client) -> None:
    mark = f"r-{new_id().hex}"
    answer = admin.get(f"/config/{workspace.place('base', 'nope')}", headers={"X-Request-ID": mark})
    assert answer.headers["x-request-id"] == mark
    (line,) = lines_of(server, mark)
    assert line["client_ip"] == "127.0.0.1"
    assert (line["method"], line["status"]) == ("GET", 404)
    assert line["route"] == "/api/v1/config/{workspace}/{environment}/{key}"
    assert line["duration_ms"] > 0
    assert line["principal"] == "admin"
    assert line["timestamp"].endswith("Z")


def test_request_id_that_is_none_is_replaced(server: ApiProcess) -> None:
    client = server.anonymous()
    answer = client.get("/me", headers={"X-Request-ID": 'x" injected'})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
    client.close()


@pytest.mark.usefixtures("unthrottled")
def test_refused_credentials_are_logged_in_the_words_alerts_look_for(server: ApiProcess) -> None:
    prefix = f"cc_{new_id().hex[-8:]}"
    client = server.with_token(f"{prefix}_{'A' * 43}")
    assert client.get("/me").status_code == 401
    (line,) = lines_of(server, prefix)
    assert line["message"] == "authentication failed"
    assert line["client_ip"] == "127.0.0.1"
    assert "A" * 43 not in json.dumps(line)
    client.close()
