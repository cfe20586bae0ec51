"""What the tests of refusals share: a workspace with something to break, and proof that it holds.

A `Case` is one bad request. `refused` sends it and checks two things: the answer is the problem
that was expected, in the form of RFC 9457, and nothing in the workspace is different afterwards.
"""

import base64
import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

from httpx2 import Response

from central_config.core.ids import new_id
from central_config.core.problems import CATALOGUE
from tests.support.api import ApiProcess, Client, Workspace

JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}
ENVIRONMENTS = ("base", "staging", "prod", "guarded", "child", "leaf")
MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id"}


class World:
    """A workspace in which every sort of refusal can be had."""

    def __init__(
        self, server: ApiProcess, admin: Client, reviewer: Client, viewer: Client, outsider: Client
    ) -> None:
        self.server = server
        self.admin, self.reviewer, self.viewer, self.outsider = admin, reviewer, viewer, outsider
        self.anonymous = server.anonymous()
        self.workspace = Workspace(admin)
        self.slug, self.path = self.workspace.slug, self.workspace.path
        self._environments()
        self._values()
        self._rules()
        self._changes()
        self._keys()
        admin.ok("POST", f"{self.path}/compact", json={"before": 8})
        # What `state` told after the last refusal, to be compared with after the next one.
        self.known: dict[str, Any] | None = None

    def _environments(self) -> None:
        for body in (
            {"slug": "guarded", "requires_approval": True},
            {"slug": "child", "parent": "base"},
            {"slug": "leaf", "parent": "child"},
        ):
            self.admin.ok("POST", f"{self.path}/environments", json=body)

    def _values(self) -> None:
        values = {
            "host": "db.internal", "db/port": 5432, "url": "http://${host}:${db/port}/",
            "object": {"a": 1}, "loop/a": "x", "loop/b": "${loop/a}", "loop/c": "-${loop/b}-",
            "limits": {"max": 5}, "word": "twelve", "old": 1,
        }  # fmt: skip
        for key, value in values.items():
            self.admin.put(self.workspace.place("base", key), value)
        self.seen = int(self.admin.ok("GET", f"/config/{self.slug}/base/old")["revision"])
        self.admin.put(self.workspace.place("base", "old"), 2)
        self.admin.put(self.workspace.place("base", "db/password"), "hunter2", secret=True)
        self.admin.put(self.workspace.place("staging", "only"), "here")
        self.admin.put(self.workspace.place("prod", "uses"), "${env:staging/only}")
        self.admin.put(self.workspace.place("child", "needs"), "see ${host}")

    def _rules(self) -> None:
        port = {"type": "integer", "minimum": 1, "maximum": 65535}
        limits = {"properties": {"max": {"type": "integer"}}}
        for name, pattern, schema in (("ports", "**/port", port), ("limits", "limits", limits)):
            body = {"name": name, "pattern": pattern, "schema": schema, "mode": "enforce"}
            self.admin.ok("POST", f"{self.path}/schemas", json=body)

    def _changes(self) -> None:
        self.draft = self.change("draft", environment="guarded", key="a", value=1)
        self.in_review = self.change("submit", environment="guarded", key="b", value=1)
        self.rejected = self.change("draft", environment="base", key="c", value=1)
        self.admin.ok("POST", f"{self.path}/changes/{self.rejected}/reject", json={})
        self.conflicting = self.change("draft", environment="base", key="fought", value="mine")
        self.admin.put(self.workspace.place("base", "fought"), "theirs")
        self.idempotent = {"Idempotency-Key": f"used-{new_id()}"}
        edits = [{"environment": "base", "key": "once", "value": 1}]
        body = {"message": "once", "edits": edits}
        self.admin.ok("POST", f"{self.path}/changes", json=body, headers=self.idempotent)

    def _keys(self) -> None:
        token = self.server.with_token
        make = self.workspace.key
        soon = time.time() + 1.0
        expires_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(soon + 1))
        self.expired = token(make(expires_at=expires_at))
        self.reading_key = token(make())
        self.staging_key = token(make(access="write", environments=["staging"]))
        self.app_key = token(make(access="write", key_prefix="app/"))
        self.revoked = token(make())
        items = self.admin.ok("GET", "/keys", params={"workspace": self.slug})["items"]
        self.admin.ok("DELETE", f"/keys/{items[0]['id']}")
        time.sleep(max(0.0, soon + 1.2 - time.time()))

    def close(self) -> None:
        """Close the connections of the clients made here."""
        for each in (
            self.anonymous,
            self.expired,
            self.revoked,
            self.reading_key,
            self.staging_key,
            self.app_key,
        ):
            each.close()

    def change(self, action: str, **edit: Any) -> str:
        """Create a change of one edit; return its id."""
        body = {"message": "", "edits": [edit], "action": action}
        return str(self.admin.ok("POST", f"{self.path}/changes", json=body)["id"])

    def state(self) -> dict[str, Any]:
        """Return all that a refused request must leave as it was."""
        get = self.admin.ok
        audit = {"workspace": self.slug, "limit": 1}
        return {
            "workspace": get("GET", self.path),
            "values": {each: self.admin.values(f"{self.slug}/{each}") for each in ENVIRONMENTS},
            "changes": get("GET", f"{self.path}/changes")["items"],
            "audit head": get("GET", "/audit", params=audit)["items"][0]["sequence"],
        }


Ask = Callable[[World], Response]


class Case(NamedTuple):
    """A bad request, and the problem it is to be answered with.

    `pointer` must be among the places named in `errors`; `says` must stand in the detail.
    """

    name: str
    ask: Ask
    status: int
    code: str
    pointer: str | None = None
    says: str = ""
    headers: tuple[str, ...] = ()
    members: tuple[str, ...] = ()


def request(method: str, path: str, who: str = "admin", **more: Any) -> Ask:
    """Return a request; `{ws}` in the path is the workspace, `{path}` its address."""

    def ask(world: World) -> Response:
        client: Client = getattr(world, who)
        place = path.format(ws=world.slug, path=world.path, world=world)
        return client.request(method, place, **more)

    return ask


def put(key: str, value: Any = 1, environment: str = "base", **more: Any) -> Ask:
    """Return a write of a value over whatever is there, unless `headers` say otherwise."""
    more.setdefault("headers", {"If-Match": "*"})
    more.setdefault("json", {"value": value})
    key = quote(key, safe="").replace("{", "{{").replace("}", "}}")
    return request("PUT", f"/config/{{ws}}/{environment}/{key}", **more)


def raw(body: bytes, headers: dict[str, str] = JSON) -> Ask:
    """Return a write with these bytes for its body."""
    return request("PUT", "/config/{ws}/base/new", content=body, headers=headers)


def change(*edits: dict[str, Any], who: str = "admin", **more: Any) -> Ask:
    """Return a change that is to be published at once."""
    body = {"message": "", "action": "publish", "edits": list(edits), **more}
    return request("POST", "{path}/changes", who, json=body)


def edit(key: str, value: Any = 1, environment: str = "base", **more: Any) -> dict[str, Any]:
    """Return one edit that sets a value."""
    return {"environment": environment, "key": key, "value": value, **more}


def cursor(*parts: Any) -> str:
    """Return a cursor that holds these parts, as one of ours does."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def check_problem(answer: Response) -> dict[str, Any]:
    """Check that an answer is a problem as RFC 9457 and our catalogue have it; return it."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert set(problem) >= MEMBERS, problem
    kind = CATALOGUE[problem["code"]]
    assert answer.status_code == problem["status"] == kind.status < 500, problem
    assert problem["title"] == kind.title
    assert problem["type"] == f"/problems/{problem['code']}"
    assert problem["instance"] == answer.request.url.path
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"
    if problem["status"] == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
    for each in problem.get("errors", []):
        assert set(each) == {"pointer", "detail"}
        assert each["detail"]
    return problem


def refused(world: World, case: Case) -> None:
    """Check that a request is refused as expected, and that it changed nothing."""
    before, world.known = world.known or world.state(), None
    answer = case.ask(world)
    assert (answer.status_code, answer.json()["code"]) == (case.status, case.code), answer.text
    problem = check_problem(answer)
    if case.pointer is not None:
        assert case.pointer in [each["pointer"] for each in problem["errors"]], problem
    assert case.says in problem["detail"], problem
    assert set(case.headers) <= set(answer.headers), answer.headers
    assert set(case.members) <= set(problem), problem
    assert "hunter2" not in answer.text
    world.known = world.state()
    assert world.known == before
