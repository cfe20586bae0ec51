"""Bad changes, reads, sign-ins, files and headers: refused by name, and nothing is different."""

import pytest
from httpx2 import Response

from tests.api.refusals import (
    TEXT,
    Ask,
    Case,
    World,
    change,
    cursor,
    edit,
    put,
    refused,
    request,
)

NO_CHANGE = "01a20898-0000-7000-8000-000000000000"
CHANGES = "{path}/changes"
ENVIRONMENTS = "{path}/environments"
BASE = "{path}/environments/base"


def on(change_id: str, step: str, who: str = "admin") -> Ask:
    return request("POST", f"{CHANGES}/{{world.{change_id}}}/{step}", who, json={})


CHANGE = [
    Case("change conflicts with a later one", on("conflicting", "publish"),
         409, "change-conflict", says="base:fought", members=("conflicts", "current_revision")),
    Case("bulk with one bad edit", change(
        edit("good"), edit("other/port", 0), edit("good2")),
         422, "schema-violation", "/other/port"),
    Case("bulk with one unknown environment", change(edit("good"), edit("x", 1, "nowhere")),
         404, "environment-not-found"),
    Case("bulk over an existing key without a base", change(edit("good"), edit("host")),
         428, "revision-required", says="base:host"),
    Case("same key twice in a change", change(edit("a"), edit("a", 2)),
         422, "invalid-request", "/edits/1/key", "twice"),
    Case("same key twice by appending", request(
        "POST", CHANGES + "/{world.draft}/edits", json={"edits": [edit("a", 2, "guarded")]}),
         422, "invalid-request", "/edits/0/key", "twice"),
    Case("empty edits", change(), 422, "invalid-request", "/edits"),
    Case("wrong action", change(edit("a", action="replace")),
         422, "invalid-request", "/edits/0/action"),
    Case("status without a status", change({"environment": "base", "key": "old",
         "action": "status"}), 422, "invalid-request", "/edits/0/status"),
    Case("wrong way to begin", change(edit("a"), action="merge"),
         422, "invalid-request", "/action"),
    Case("base of the future", change(edit("a"), action="draft", base_revision=99999),
         422, "invalid-request", says="99999"),
    Case("base that is negative", change(edit("a"), base_revision=-1),
         422, "invalid-request", "/base_revision"),
    Case("submit what could not be published", change(edit("new", "${nope}"), action="submit"),
         422, "reference-unresolved"),
    Case("own change approved", on("in_review", "approve"), 403, "own-change"),
    Case("draft approved", on("draft", "approve", "reviewer"), 409, "wrong-state", says="draft"),
    Case("rejected published", on("rejected", "publish"), 409, "wrong-state", says="rejected"),
    Case("rejected submitted", on("rejected", "submit"), 409, "wrong-state", says="rejected"),
    Case("published without approval", on("draft", "publish"),
         409, "approval-required", says="guarded"),
    Case("in review published", on("in_review", "publish"), 409, "wrong-state", says="in_review"),
    Case("in review submitted again", on("in_review", "submit"), 409, "wrong-state"),
    Case("change of another submitted", on("draft", "submit", "reviewer"),
         403, "permission-denied"),
    Case("change of another edited", request(
        "PATCH", CHANGES + "/{world.draft}", "reviewer", json={"message": "mine"}),
         403, "permission-denied"),
    Case("unknown change", request("GET", f"{CHANGES}/{NO_CHANGE}"), 404, "not-found"),
    Case("unknown change published", request("POST", f"{CHANGES}/{NO_CHANGE}/publish", json={}),
         404, "not-found"),
    Case("malformed change id", request("GET", CHANGES + "/abc"),
         422, "invalid-request", "?change"),
    Case("unknown status of changes", request("GET", CHANGES, params={"status": "nope"}),
         422, "invalid-request", "?status"),
    Case("change with NUL in its message", change(edit("a"), message="a\0b"),
         422, "invalid-request", "/message"),
]  # fmt: skip

ACCESS = [
    Case("unknown workspace", request("GET", "/config/nowhere/base"), 404, "workspace-not-found"),
    Case("workspace with NUL", request("GET", "/workspaces/%00"), 400, "malformed-request"),
    Case("unknown environment", request("GET", "/config/{ws}/nowhere"),
         404, "environment-not-found"),
    Case("unknown key", request("GET", "/config/{ws}/base/nope"), 404, "key-not-found"),
    Case("unknown rule", request("GET", "{path}/schemas/nope"), 404, "not-found"),
    Case("unknown address", request("GET", "/nowhere"), 404, "not-found"),
    Case("workspace one may not see", request("GET", "{path}", "outsider"),
         404, "workspace-not-found"),
    Case("values one may not see", request("GET", "/config/{ws}/base", "outsider"),
         404, "workspace-not-found"),
    Case("write to what one may not see", put("a", who="outsider"), 404, "workspace-not-found"),
    Case("write without the permission", put("a", who="viewer"),
         403, "permission-denied", says="config.write"),
    Case("compact without the permission", request(
        "POST", "{path}/compact", "reviewer", json={"before": 9}), 403, "permission-denied"),
    Case("rule without the permission", request("POST", "{path}/schemas", "viewer",
         json={"name": "x", "pattern": "x", "schema": {}}), 403, "permission-denied"),
    Case("reveal without the permission", request("POST", BASE + "/reveal/db/password", "viewer",
         json={"reason": "curious"}), 403, "permission-denied", says="secret.reveal"),
    Case("export of secrets without the permission", request(
        "GET", BASE + "/export", "viewer", params={"secrets": "reveal"}), 403, "permission-denied"),
    Case("no credentials", request("GET", "/config/{ws}/base", "anonymous"),
         401, "authentication-required", headers=("www-authenticate",)),
    Case("no credentials for what is not there", request("GET", "/workspaces/nope", "anonymous"),
         401, "authentication-required"),
    Case("garbage for a token", request("GET", "/config/{ws}/base", "anonymous",
         headers={"Authorization": "Bearer garbage"}),
         401, "invalid-credentials", headers=("www-authenticate",)),
    Case("unknown key of the right form", request("GET", "/config/{ws}/base", "anonymous",
         headers={"X-API-Key": "cc_abcdefgh_" + "A" * 43}), 401, "invalid-credentials"),
    Case("expired key", request("GET", "/config/{ws}/base", "expired"), 401, "invalid-credentials"),
    Case("revoked key", request("GET", "/config/{ws}/base", "revoked"), 401, "invalid-credentials"),
    Case("another scheme", request("GET", "/config/{ws}/base", "anonymous",
         headers={"Authorization": "Basic YTpi"}), 400, "malformed-header", says="Bearer"),
    Case("read-only key writes", put("a", who="reading_key"), 403, "permission-denied"),
    Case("key of another environment reads", request("GET", "/config/{ws}/base", "staging_key"),
         404, "environment-not-found"),
    Case("key of another environment writes", put("a", who="staging_key"),
         403, "permission-denied"),
    Case("key of another prefix reads", request("GET", "/config/{ws}/base/host", "app_key"),
         404, "key-not-found"),
    Case("key of another prefix writes", put("host", who="app_key"), 403, "permission-denied"),
    Case("key of another prefix refers", put("app/x", "${host}", who="app_key"),
         403, "permission-denied"),
    Case("key of another prefix describes", request("PATCH", "{path}/keys/host", "app_key",
         json={"description": "mine"}), 403, "permission-denied"),
    Case("key of another prefix makes secret", request("PATCH", "{path}/keys/unheard", "app_key",
         json={"secret": True}), 403, "permission-denied"),
    Case("key of another prefix in a change", change(edit("app/x"), edit("host"), who="app_key"),
         403, "permission-denied"),
]  # fmt: skip


def at(moment: str) -> Ask:
    return request("GET", "/config/{ws}/base", params={"at": moment})


def paged(path: str, by: str, **params: str) -> Ask:
    return request("GET", path, params={"cursor": by, **params})


READING = [
    Case("compacted revision", at("2"), 410, "revision-compacted", members=("oldest_revision",)),
    Case("compacted revision to roll back to", request(
        "POST", BASE + "/rollback", json={"to": 2}), 410, "revision-compacted"),
    Case("compacted side of a diff", request("GET", BASE + "/diff", params={"from": "2"}),
         410, "revision-compacted"),
    Case("future revision", at("99999"), 422, "invalid-request", says="does not exist yet"),
    Case("malformed at", at("yesterday"), 422, "invalid-request", "?at", "zone"),
    Case("at without a zone", at("2026-01-01T00:00:00"), 422, "invalid-request", "?at"),
    Case("at before the beginning of time", at("0001-01-01T00:00:00+14:00"),
         422, "invalid-request", "?at"),
    Case("at after the end of time", at("9999-12-31T23:59:59-14:00"),
         422, "invalid-request", "?at"),
    Case("negative revision", at("-1"), 422, "invalid-request", "?at"),
    Case("revision beyond all numbers", request("GET", "{path}/revisions/99999999999999999999"),
         422, "invalid-request", "?revision"),
    Case("revision that is not there", request("GET", "{path}/revisions/99999"), 404, "not-found"),
    Case("malformed side", request("GET", "{path}/compare", params={"left": "base@", "right": "p"}),
         422, "invalid-request", "?left"),
    Case("limit 0", request("GET", CHANGES, params={"limit": "0"}),
         422, "invalid-request", "?limit"),
    Case("limit 5000", request("GET", CHANGES, params={"limit": "5000"}),
         422, "invalid-request", "?limit"),
    Case("malformed cursor", paged(CHANGES, "%%%"), 400, "malformed-cursor"),
    Case("cursor of another list", paged(CHANGES, cursor(17)), 400, "malformed-cursor"),
    Case("cursor of another list of revisions", paged("{path}/revisions", cursor("host")),
         400, "malformed-cursor"),
    Case("cursor of another list of versions", paged(BASE + "/history/old", cursor("host")),
         400, "malformed-cursor"),
    Case("cursor of another list of values", paged(BASE + "/configurations", cursor(17)),
         400, "malformed-cursor"),
    Case("cursor of another list of hits", paged("{path}/search", cursor("host", "x"), q="a"),
         400, "malformed-cursor"),
    Case("cursor of another list of events", paged("/audit", cursor("host", "x", 3)),
         400, "malformed-cursor"),
    Case("cursor of another list of workspaces", paged("/workspaces", cursor(17)),
         400, "malformed-cursor"),
    Case("cursor with NUL", paged("/workspaces", cursor("a\0")), 400, "malformed-cursor"),
    Case("search with NUL", request("GET", "{path}/search", params={"q": "a\0"}),
         400, "malformed-request"),
    Case("empty search", request("GET", "{path}/search", params={"q": ""}),
         422, "invalid-request", "?q"),
    Case("malformed Last-Event-ID", request("GET", "/watch/{ws}/base",
         headers={"Last-Event-ID": "x", "Accept": "text/event-stream"}), 400, "malformed-header"),
    Case("long poll without a revision", request("GET", "/watch/{ws}/base"),
         422, "invalid-request", "?revision"),
]  # fmt: skip


def used(world: World) -> Response:
    body = {"message": "twice", "edits": [edit("once", 2)]}
    return world.admin.post(f"{world.path}/changes", body, headers=world.idempotent)


def keyed(key: str) -> Ask:
    return request("POST", CHANGES, json={"message": "", "edits": [edit("a")]},
                   headers={"Idempotency-Key": key})  # fmt: skip


def file(body: bytes, format_: str = "yaml", **params: str) -> Ask:
    return request("POST", BASE + "/import", content=body, headers=TEXT,
                   params={"format": format_, **params})  # fmt: skip


OTHERS = [
    Case("Idempotency-Key of another request", used, 409, "idempotency-conflict"),
    Case("Idempotency-Key too long", keyed("k" * 256), 400, "malformed-header"),
    Case("Idempotency-Key empty", keyed(""), 400, "malformed-header"),
    Case("wrong method", request("DELETE", CHANGES), 405, "method-not-allowed",
         headers=("allow",)),
    Case("file that is malformed", file(b"a: 1\nb: [1,\nc: 2\n"), 422, "import-failed",
         says="line 4"),
    Case("file that is not UTF-8", file(b"a: \xff\n"), 422, "import-failed", says="byte 3"),
    Case("file of an unknown format", file(b"a: 1", "xml"), 422, "invalid-request", "?format"),
    Case("file with a name given twice", file(b"a: 1\na: 2\n"), 422, "import-failed"),
    Case("file below a bad prefix", file(b"a: 1", prefix="a//b"), 422, "invalid-key", "?prefix"),
    Case("file with a bad separator", file(b"a: 1", separator="%"), 422, "import-failed"),
    Case("large file with a bad reference at its end",
         file(b"".join(b"k%d=v\n" % n for n in range(2001)) + b"z=${a b}\n", "env",
              references="keep"), 422, "reference-malformed"),
    Case("file into an unknown environment", request(
        "POST", ENVIRONMENTS + "/nowhere/import", content=b"a: 1", headers=TEXT,
        params={"format": "yaml"}), 404, "environment-not-found"),
    Case("environments in a circle", request(
        "PATCH", ENVIRONMENTS + "/child", json={"parent": "leaf"}),
         422, "invalid-request", "/parent", "ancestor"),
    Case("environment that is its own parent", request(
        "PATCH", ENVIRONMENTS + "/child", json={"parent": "child"}),
         422, "invalid-request", "/parent"),
    Case("environment below an unknown one", request(
        "PATCH", ENVIRONMENTS + "/child", json={"parent": "nowhere"}),
         422, "invalid-request", "/parent"),
    Case("environment with children deleted", request("DELETE", ENVIRONMENTS + "/child"),
         409, "in-use", says="leaf"),
    Case("environment that is referred to deleted", request("DELETE", ENVIRONMENTS + "/staging"),
         409, "in-use", says="prod:uses"),
    Case("move that breaks a reference", request(
        "PATCH", ENVIRONMENTS + "/child", json={"parent": None}),
         422, "reference-unresolved", says="child:needs"),
    Case("slug of an environment taken", request("POST", ENVIRONMENTS, json={"slug": "prod"}),
         409, "already-exists"),
    Case("bad slug of an environment", request("POST", ENVIRONMENTS, json={"slug": "Prod_1"}),
         422, "invalid-request", "/slug"),
    Case("slug with a newline at its end", request("POST", ENVIRONMENTS, json={"slug": "qa\n"}),
         422, "invalid-request", "/slug"),
    Case("environment with NUL", request(
        "PATCH", ENVIRONMENTS + "/child", json={"description": "a\0"}),
         422, "invalid-request", "/description"),
    Case("roll back to an unknown revision", request(
        "POST", BASE + "/rollback", json={"to": 99999}), 422, "invalid-request", says="99999"),
    Case("roll back to a truth value", request("POST", BASE + "/rollback", json={"to": True}),
         422, "invalid-request", "/to"),
    Case("roll back to nothing", request("POST", BASE + "/rollback", json={}),
         422, "invalid-request", "/to"),
    Case("roll back an unknown environment", request(
        "POST", ENVIRONMENTS + "/nowhere/rollback", json={"to": 9}), 404, "environment-not-found"),
    Case("compact to the future", request("POST", "{path}/compact", json={"before": 99999}),
         422, "invalid-request", says="99999"),
    Case("reveal what is not there", request("POST", BASE + "/reveal/nope", json={}),
         404, "key-not-found"),
]  # fmt: skip

CASES = CHANGE + ACCESS + READING + OTHERS


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_refused(world: World, case: Case) -> None:
    refused(world, case)


def test_slug_of_a_workspace_taken(world: World) -> None:
    before = world.state()
    answer = world.admin.post("/workspaces", {"slug": world.slug})
    assert (answer.status_code, answer.json()["code"]) == (409, "already-exists")
    assert world.state() == before


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/config/{ws}/base/host", {"GET", "PUT", "PATCH", "DELETE"}),
        ("PUT", "{path}", {"GET", "PATCH", "DELETE"}),
        ("POST", "{path}/schemas/ports", {"GET", "PUT", "DELETE"}),
    ],
)
def test_allow_names_every_method(world: World, method: str, path: str, allowed: set[str]) -> None:
    answer = request(method, path)(world)
    assert answer.status_code == 405
    named = {each.strip() for each in answer.headers["allow"].split(",")}
    assert allowed <= named


def test_compacted_revision_names_the_oldest(world: World) -> None:
    assert at("2")(world).json()["oldest_revision"] == 8
    assert at("8")(world).status_code == 200


def test_change_conflict_names_both_sides(world: World) -> None:
    conflict = on("conflicting", "publish")(world).json()["conflicts"][0]
    shown = world.admin.ok("GET", f"{world.path}/changes/{world.conflicting}")
    present = world.admin.ok("GET", f"/config/{world.slug}/base/fought")
    assert conflict["base_revision"] == shown["base_revision"]
    assert conflict["current_revision"] == present["revision"]
    edit_ = shown["edits"][0]
    assert (edit_["conflict"], edit_["value"], edit_["before"]) == (True, "mine", "theirs")
