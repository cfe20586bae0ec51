"""Bad writes: each is refused by name, says what is wrong and where, and changes nothing."""

import pytest

from tests.api.refusals import (
    JSON,
    TEXT,
    Ask,
    Case,
    World,
    change,
    edit,
    put,
    raw,
    refused,
    request,
)

KEYS = [
    Case("key with a leading slash", put("/a"), 422, "invalid-key", says="leading slash"),
    Case("key with a trailing slash", put("a/"), 422, "invalid-key", says="trailing slash"),
    Case("key with an empty segment", put("a//b"), 422, "invalid-key", says="empty segment"),
    Case("key with an illegal character", put("a b"), 422, "invalid-key", "/key", "' '"),
    Case("key with a percent sign", put("50%"), 422, "invalid-key", says="'%'"),
    Case("key with unicode letters", put("größe"), 422, "invalid-key", says="'ö'"),
    Case("key with a newline at its end", put("a\n"), 400, "malformed-request"),
    Case("key with NUL", put("a\0"), 400, "malformed-request", says="control"),
    Case("key that is too long", put("k" * 513), 422, "invalid-key", says="512"),
    Case("key that climbs up", put("a/../b"), 422, "invalid-key", says="segment . or .."),
    Case("empty key in a change", change(edit("")), 422, "invalid-key", says="not empty"),
    Case("bad key, second of a change", change(edit("ok"), edit("a//b")),
         422, "invalid-key", "/edits/1/key"),
    Case("bad key, alone in a change", change(edit("a//b")), 422, "invalid-key", "/edits/0/key"),
    Case("bad key to read", request("GET", "/config/{ws}/base/a%20b"), 422, "invalid-key"),
    Case("bad key to describe", request("PATCH", "{path}/keys/a%20b", json={"description": "x"}),
         422, "invalid-key"),
]  # fmt: skip

BODIES = [
    Case("malformed JSON", raw(b'{"value": '), 400, "malformed-json"),
    Case("NaN", raw(b'{"value": NaN}'), 400, "malformed-json"),
    Case("infinity", raw(b'{"value": -Infinity}'), 400, "malformed-json"),
    Case("number out of range", raw(b'{"value": 1e999}'), 400, "malformed-json"),
    Case("lone surrogate", raw(b'{"value": "\\ud800"}'), 400, "malformed-json"),
    Case("trailing garbage", raw(b'{"value": 1} x'), 400, "malformed-json"),
    Case("two documents", raw(b'{"value": 1}{"value": 2}'), 400, "malformed-json"),
    Case("comment", raw(b'{"value": 1 /* one */}'), 400, "malformed-json"),
    Case("single quotes", raw(b"{'value': 1}"), 400, "malformed-json"),
    Case("member given twice", raw(b'{"value": 1, "value": 2}'), 400, "malformed-json"),
    Case("body nested without end", raw(b'{"value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
         400, "malformed-json"),
    Case("value nested too deep", raw(b'{"value": ' + b"[" * 101 + b"]" * 101 + b"}"),
         422, "invalid-request", "/value", "100 deep"),
    Case("empty body", raw(b""), 422, "invalid-request"),
    Case("body that is no object", raw(b"[1]"), 422, "invalid-request"),
    Case("wrong content type", raw(b'{"value": 1}', TEXT), 415, "unsupported-media-type"),
    Case("form", raw(b"value=1", {"Content-Type": "application/x-www-form-urlencoded"}),
         415, "unsupported-media-type"),
    Case("no content type", raw(b'{"value": 1}', {}), 415, "unsupported-media-type"),
    Case("UTF-16", raw('{"value": 1}'.encode("utf-16")), 400, "malformed-json"),
    Case("Latin-1", raw('{"value": "ä"}'.encode("latin-1")), 400, "malformed-json"),
    Case("byte order mark", raw(b'\xef\xbb\xbf{"value": 1}'), 400, "malformed-json"),
    Case("unknown member", put("new", json={"value": 1, "valeu": 2}),
         422, "invalid-request", "/valeu"),
    Case("unknown member of an edit", change(edit("a"), edit("b", colour="red")),
         422, "invalid-request", "/edits/1/colour"),
    Case("missing value", put("new", json={"message": "m"}), 422, "invalid-request", "/value"),
    Case("set without a value", change({"environment": "base", "key": "a"}),
         422, "invalid-request", "/edits/0", "null is one"),
    Case("remove with a value", change(edit("host", action="remove")),
         422, "invalid-request", "/edits/0"),
    Case("value of 1 MiB and one byte", put("new", "x" * (1024 * 1024 - 1)),
         413, "value-too-large", "/value"),
    Case("body over the limit", raw(b'{"value": "' + b"x" * (33 * 1024 * 1024) + b'"}'),
         413, "body-too-large"),
    Case("body anybody may send, over their limit",
         request("POST", "/incidents/alerts", content=b'["' + b"x" * (1024 * 1024) + b'"]',
                 headers={"Content-Type": "application/json"}), 413, "body-too-large"),
    Case("the same in pieces",
         request("POST", "/sessions", content=(b" " * 1024 for _ in range(1025)),
                 headers={"Content-Type": "application/json"}), 413, "body-too-large"),
    Case("message too long", put("new", json={"value": 1, "message": "m" * 2001}),
         422, "invalid-request", "/message"),
    Case("message with NUL", put("new", json={"value": 1, "message": "a\0b"}),
         422, "invalid-request", "/message"),
    Case("description with NUL", change(edit("new", description="a\0b")),
         422, "invalid-request", "/edits/0/description"),
    Case("flag that is no boolean", put("new", json={"value": 1, "secret": "maybe"}),
         422, "invalid-request", "/secret"),
]  # fmt: skip

SCHEMA = {"name": "new", "pattern": "**", "schema": {}}


def rule(**members: object) -> Ask:
    return request("POST", "{path}/schemas", json={**SCHEMA, **members})


VALUES = [
    Case("value that breaks a rule", put("db/port", 70000),
         422, "schema-violation", "/db/port", "ports"),
    Case("value that breaks a rule deep inside", put("limits", {"max": "five"}),
         422, "schema-violation", "/limits/max"),
    Case("value that breaks a rule below", put("db/port", "many", "prod"),
         422, "schema-violation", "/db/port", "prod:db/port"),
    Case("reference that makes a value break a rule", put("other/port", "${word}"),
         422, "schema-violation", says="base:other/port"),
    Case("schema that is none", rule(schema={"type": "nope"}), 422, "invalid-schema", "/schema"),
    Case("schema with a bad pattern", rule(schema={"pattern": "("}), 422, "invalid-schema"),
    Case("schema that refers to the network", rule(schema={"$ref": "http://127.0.0.1:9/x"}),
         422, "invalid-schema", "/schema", "other documents"),
    Case("schema that refers to a file", rule(schema={"$ref": "file:///etc/passwd"}),
         422, "invalid-schema"),
    Case("schema of a dialect on the network", rule(schema={"$schema": "http://127.0.0.1:9/x"}),
         422, "invalid-schema", "/schema"),
    Case("schema that refers to nothing", rule(schema={"$ref": "#/$defs/nope"}),
         422, "invalid-schema"),
    Case("schema that is a number", rule(schema=5), 422, "invalid-request", "/schema"),
    Case("pattern that is none", rule(pattern="a b"), 422, "invalid-request", "/pattern"),
    Case("rule whose name is taken", rule(name="ports"), 409, "already-exists", says="ports"),
    Case("rule with a bad mode", rule(mode="maybe"), 422, "invalid-request", "/mode"),
    Case("rule enforced while live values break it",
         rule(pattern="word", schema={"type": "integer"}, mode="enforce"),
         422, "schema-violation", "/word", members=("violations",)),
    Case("reference that is malformed", put("new", "${a b}"), 422, "reference-malformed", "/value"),
    Case("reference that is not closed", put("new", "${host"),
         422, "reference-malformed", says="missing"),
    Case("reference to no environment", put("new", "${env:Staging/a}"), 422, "reference-malformed"),
    Case("reference to a key that is not there", put("new", "x${no/such}y"),
         422, "reference-unresolved", "/value", "${no/such}", members=("path",)),
    Case("reference to an unknown environment", put("new", "${env:nowhere/host}"),
         422, "reference-unresolved", says="${env:nowhere/host}"),
    Case("reference to itself", put("new", "${new}"), 422, "reference-cycle", members=("path",)),
    Case("references that form a cycle", put("loop/a", "${loop/c}"),
         422, "reference-cycle", "/value", "loop/a -> "),
    Case("object inside a text", put("new", "see ${object}"),
         422, "reference-type", says="${object} is an object"),
    Case("object put where it stands inside a text", put("host", {"a": 1}), 422, "reference-type"),
    Case("removing a key others refer to", request(
        "DELETE", "/config/{ws}/base/host", headers={"If-Match": "*"}),
         422, "reference-unresolved", says="${host}"),
    Case("archiving a key others refer to", request(
        "PATCH", "/config/{ws}/base/host", json={"status": "archived"}, headers={"If-Match": "*"}),
         422, "reference-unresolved", says="${host}"),
    Case("removing a key another environment refers to", request(
        "DELETE", "/config/{ws}/staging/only", headers={"If-Match": "*"}),
         422, "reference-unresolved", says="prod:uses"),
    Case("secret set to its mask", put("db/password", "******"), 422, "invalid-request", "/value"),
    Case("new secret that is a mask", put("new", json={"value": "******", "secret": True}),
         422, "invalid-request", "/value"),
    Case("secret made public", request("PATCH", "{path}/keys/db/password", json={"secret": False}),
         422, "invalid-request"),
    Case("malformed reference in a secret", put("db/password", "hunter2${"),
         422, "reference-malformed"),
    Case("unknown status", put("new", json={"value": 1, "status": "gone"}),
         422, "invalid-request", "/status"),
    Case("status draft", request("PATCH", "/config/{ws}/base/host", json={"status": "draft"},
         headers={"If-Match": "*"}), 422, "invalid-request", "/status"),
    Case("status of a key that is not there", request(
        "PATCH", "/config/{ws}/prod/host", json={"status": "deprecated"},
        headers={"If-Match": "*"}), 404, "key-not-found", says="no value of its own"),
]  # fmt: skip

CONDITIONS = [
    Case("no condition", put("host", "x", headers={}),
         428, "revision-required", members=("current_revision",)),
    Case("no condition to remove", request("DELETE", "/config/{ws}/base/host"),
         428, "revision-required"),
    Case("no condition over an inherited value", put("host", "x", "prod", headers={}),
         428, "revision-required"),
    Case("stale If-Match", request("PUT", "/config/{ws}/base/old", json={"value": 3},
         headers={"If-Match": '"7"'}), 412, "revision-conflict", members=("current_revision",)),
    Case("If-Match of the future", put("old", 3, headers={"If-Match": '"99999"'}),
         412, "revision-conflict", says="99999", members=("current_revision",)),
    Case("malformed If-Match", put("old", 3, headers={"If-Match": "abc"}),
         400, "malformed-header", says="If-Match"),
    Case("several If-Match", put("old", 3, headers={"If-Match": '"1", "2"'}),
         400, "malformed-header"),
    Case("both conditions", put("old", 3, headers={"If-Match": '"1"', "If-None-Match": "*"}),
         400, "malformed-header", says="exclude"),
    Case("create what exists", put("old", 3, headers={"If-None-Match": "*"}),
         412, "revision-conflict", says="exists already"),
    Case("create what is inherited", put("old", 3, "prod", headers={"If-None-Match": "*"}),
         412, "revision-conflict"),
    Case("remove what is not there", request(
        "DELETE", "/config/{ws}/base/nope", headers={"If-Match": "*"}), 404, "key-not-found"),
    Case("dangling reference where approval is needed", put("new", "${nope}", "guarded"),
         422, "reference-unresolved"),
    Case("stale If-Match where approval is needed", request(
        "PUT", "/config/{ws}/guarded/new", json={"value": 3}, headers={"If-Match": '"99999"'}),
         412, "revision-conflict"),
]  # fmt: skip

CASES = KEYS + BODIES + VALUES + CONDITIONS


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_refused(world: World, case: Case) -> None:
    refused(world, case)


def test_cycle_is_told_with_its_whole_path(world: World) -> None:
    problem = put("loop/a", "${loop/c}")(world).json()
    names = [step.rpartition(":")[2] for step in problem["path"]]
    assert names[0] == names[-1]
    assert set(names) == {"loop/a", "loop/b", "loop/c"}
    assert " -> ".join(problem["path"]) in problem["detail"]


def test_dangling_reference_is_told_with_its_whole_path(world: World) -> None:
    problem = put("new", "${nope}", "prod")(world).json()
    assert problem["path"] == ["prod:new", "${nope}"]


def test_conflict_tells_the_present_revision(world: World) -> None:
    present = world.admin.ok("GET", f"/config/{world.slug}/base/old")["revision"]
    answer = put("old", 3, headers={"If-Match": f'"{world.seen}"'})(world)
    problem = answer.json()
    assert problem["current_revision"] == present
    assert problem["conflicts"] == [
        {
            "environment": "base",
            "key": "old",
            "base_revision": world.seen,
            "current_revision": present,
        }
    ]


def test_input_is_never_quoted(world: World) -> None:
    for body in ({"value": 1, "secret": "hunter2"}, {"value": "hunter2", "extra": "hunter2"}):
        answer = put("new", json=body)(world)
        assert answer.status_code == 422
        assert "hunter2" not in answer.text
    assert "hunter2" not in raw(b'{"value": "hunter2", }', JSON)(world).text
