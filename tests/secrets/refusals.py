"""Every request about a secret that is refused: what a refusal says must not quote it."""

from typing import Any

import httpx2

from tests.secrets.planting import Planted

SHAPES: dict[str, Any] = {
    "additional": {"type": "object", "additionalProperties": False},
    "unevaluated": {"type": "object", "unevaluatedProperties": False},
    "names": {"propertyNames": {"maxLength": 3}},
    "members": {"additionalProperties": {"type": "integer"}},
    "enum": {"enum": [1, 2]},
    "const": {"const": 1},
    "pattern": {"type": "string", "pattern": "^x$"},
    "format": {"type": "string", "format": "email"},
    "contains": {"type": "array", "contains": {"type": "integer"}},
    "unique": {"type": "array", "uniqueItems": True},
    "never": {"not": {}},
    "false": False,
    "any": {
        "anyOf": [
            {"type": "string", "maxLength": 3},
            {"type": "object", "additionalProperties": False, "properties": {"a": {}}},
            {"type": "array", "items": {"type": "integer"}},
        ]
    },
}
BROKEN_FILES = {
    "env": "PASSWORD='CANARY\n",
    "yaml": 'password: "CANARY\nb: [',
    "json": '{"password": "CANARY", }',
    "toml": 'password = "CANARY\n',
    "ini": "[a\npassword=CANARY\n",
    "configmap": "kind: Secret\ndata: {password: CANARY}\n",
}


class Refusals:
    """Sends the requests; each holds a text of its own."""

    def __init__(self, planted: Planted) -> None:
        self._planted = planted
        self._new = planted.new
        self._found: dict[str, httpx2.Response] = {}

    def collect(self) -> dict[str, httpx2.Response]:
        """Return the answer to each request, by what was wrong with it."""
        self._schemas()
        self._references()
        self._values()
        self._conditions()
        self._bodies()
        self._changes()
        self._files()
        return self._found

    def _put(self, what: str, key: str, value: Any, **headers: str) -> None:
        body = {"value": value, "secret": True}
        self._request(what, key, json=body, headers=headers or {"If-Match": "*"})

    def _request(self, what: str, key: str, **more: Any) -> None:
        place = self._planted.workspace.place("base", key)
        self._found[what] = self._planted.admin.request("PUT", f"/config/{place}", **more)

    def _schemas(self) -> None:
        for name, schema in SHAPES.items():
            rule = {"name": name, "pattern": f"shape/{name}", "schema": schema, "mode": "enforce"}
            self._planted.admin.ok("POST", f"{self._planted.workspace.path}/schemas", json=rule)
            text = self._new(f"schema-{name}")
            shapes = (text, {text: text}, {"a": {text: text}}, [text], [text, text])
            for number, value in enumerate(shapes):
                self._put(f"schema {name} {number}", f"shape/{name}", value)

    def _references(self) -> None:
        new = self._new
        self._put("malformed", "bad/a", f"${{{new('malformed')}")
        self._put("malformed key", "bad/b", f"${{ {new('malformed-key')} }}")
        self._put("malformed place", "bad/c", f"${{env:{new('malformed-place')}}}")
        self._put("dangling", "bad/d", f"x${{{new('dangling')}}}y")
        self._put("dangling place", "bad/e", f"${{env:{new('dangling-place')}/k}}")
        self._put("type", "bad/f", f"{new('beside-object')} ${{db/login}}")
        self._put("cycle", "bad/g", f"{new('in-cycle')} ${{bad/g}}")

    def _values(self) -> None:
        self._put("too large", "bad/h", self._new("too-large") * 30_000)
        self._put("mask", "db/password", "******")
        deep: Any = self._new("too-deep")
        for _ in range(150):
            deep = [deep]
        self._put("too deep", "bad/i", deep)
        self._put("bad key", "bad key!", self._new("bad-key"))

    def _conditions(self) -> None:
        new = self._new
        self._put("conflict", "db/password", new("conflict"), **{"If-Match": '"1"'})
        self._put("no revision", "db/password", new("no-revision"), Accept="*/*")
        self._put("bad header", "db/password", new("bad-header"), **{"If-Match": "what"})
        self._put("exists", "db/password", new("exists"), **{"If-None-Match": "*"})

    def _bodies(self) -> None:
        new = self._new
        status = {"value": new("bad-status"), "secret": True, "status": "what"}
        self._request("status", "bad/j", json=status)
        self._request("no boolean", "bad/k", json={"value": new("no-boolean"), "secret": "what"})
        self._request("unknown member", "bad/l", json={"value": new("unknown"), "secrets": True})
        text = f'{{"value": "{new("no-json")}", "secret": tru}}'
        self._request(
            "no JSON", "bad/m", content=text, headers={"Content-Type": "application/json"}
        )
        self._request("no media type", "bad/n", content=f'{{"value": "{new("no-media-type")}"}}')

    def _changes(self) -> None:
        path = f"{self._planted.workspace.path}/changes"
        edit = self._planted.edit("base", "twice", self._new("twice"), secret=True)
        for action in ("draft", "publish"):
            body = {"edits": [edit, edit], "action": action}
            self._found[f"twice {action}"] = self._planted.admin.post(path, body)
        value = f"${{{self._new('dangling-edit')}}}"
        edit = self._planted.edit("base", "x", value, secret=True)
        for action in ("submit", "publish"):
            answer = self._planted.admin.post(path, {"edits": [edit], "action": action})
            self._found[f"dangling {action}"] = answer

    def _files(self) -> None:
        for format_, broken in BROKEN_FILES.items():
            self._found[f"import {format_}"] = self._planted.admin.request(
                "POST",
                f"{self._planted.workspace.environment('base')}/import",
                params={"format": format_},
                content=broken.replace("CANARY", self._new(f"broken-{format_}")),
                headers={"Content-Type": "text/plain"},
            )
