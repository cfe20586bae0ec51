"""The fast path of writes answers byte for byte what the control plane answers.

The same history of good and bad writes is sent to two fresh servers, one with the data plane
switched off. Ids, times and what depends on them are replaced by the order of their appearance.
"""

import contextlib
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.api import ApiProcess, Client
from tests.support.running import RunningApi

HISTORY = 400
WORKSPACE = "twin"
ENVIRONMENTS = ("base", "prod", "guarded")
KEYS = ("a", "app/host", "app/port", "app/url", "app/token", "x/y/z", "other")
_VARIABLE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)"
)
_COMPARED = (
    "content-type",
    "content-length",
    "etag",
    "location",
    "retry-after",
    "cache-control",
    "www-authenticate",
    "x-content-type-options",
    "x-request-id",
    "allow",
)

Sent = tuple[str, str, str, dict[str, str], bytes | None]


class Twin:
    """One server with the workspace of the history, and those who write to it."""

    def __init__(self, api: ApiProcess) -> None:
        self.api = api
        admin = api.sign_in()
        admin.ok("POST", "/workspaces", json={"slug": WORKSPACE})
        for slug, parent in (("base", None), ("prod", "base"), ("guarded", "base")):
            body = {"slug": slug, "parent": parent, "requires_approval": slug == "guarded"}
            admin.ok("POST", f"/workspaces/{WORKSPACE}/environments", json=body)
        for name, pattern, mode in (("port", "app/port", "enforce"), ("host", "**/host", "warn")):
            kind = {"type": "integer" if name == "port" else "string"}
            body = {"name": name, "pattern": pattern, "schema": kind, "mode": mode}
            admin.ok("POST", f"/workspaces/{WORKSPACE}/schemas", json=body)
        self.who: dict[str, Client] = {"admin": admin, "nobody": api.anonymous()}
        for name, more in (
            ("writer", {"access": "write"}),
            ("narrow", {"access": "write", "environments": ["prod"], "key_prefix": "app/"}),
            ("reader", {"access": "read"}),
        ):
            body = {"name": name, "workspace": WORKSPACE, "secrets": False, **more}
            self.who[name] = api.with_token(str(admin.ok("POST", "/keys", json=body)["token"]))
        self.who["stranger"] = api.with_token("cc_abcdefgh_" + "x" * 43)
        # Known to the caches of the server from here on: the fast path declines strangers.
        for client in self.who.values():
            client.get(f"/config/{WORKSPACE}/prod")

    def send(self, sent: Sent) -> httpx2.Response:
        """Send a request of the history."""
        who, method, path, headers, body = sent
        return self.who[who].request(method, path, headers=headers, content=body)

    def close(self) -> None:
        """Close connections."""
        for client in self.who.values():
            client.close()


@pytest.fixture(scope="module")
def twins(running_api: RunningApi) -> Iterator[tuple[Twin, Twin]]:
    """Two servers, each with a database of its own: with the data plane and without."""
    with (
        running_api(DATA_PLANE="true") as quick,
        running_api(DATA_PLANE="false") as plain,
        contextlib.closing(Twin(quick)) as one,
        contextlib.closing(Twin(plain)) as other,
    ):
        yield one, other


class Author:
    """Draws requests; most are good ones, and revisions come from what was answered."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a history that can be repeated
        self._count = 0
        self.revision = 0

    def draw(self) -> Sent:
        """Return the next request."""
        self._count += 1
        pick = self._random.choice
        who = pick(
            ("admin", "writer", "writer", "writer", "narrow", "reader", "nobody", "stranger")
        )
        headers = {"X-Request-Id": f"request-{self._count}"}
        method = pick(("PUT", "PUT", "PUT", "PUT", "PATCH", "DELETE", "DELETE", "POST"))
        if method == "POST":
            return who, method, self._changes(), self._typed(headers), self._change()
        path = f"/config/{self._workspace()}/{self._environment()}/{self._key()}"
        self._match(headers)
        if method == "DELETE":
            return who, method, path + pick(("",) * 6 + ("?message=gone",)), headers, None
        body = self._put() if method == "PUT" else self._patch()
        return who, method, path, self._typed(headers), body

    def _often(self, usual: Any, *others: Any, share: int = 12) -> Any:
        return self._random.choice(others) if self._random.randrange(share) == 0 else usual

    def _workspace(self) -> str:
        return str(self._often(WORKSPACE, "nowhere", "UPPER", share=25))

    def _environment(self) -> str:
        return str(self._often(self._random.choice(ENVIRONMENTS), "missing", "no%20slug"))

    def _key(self) -> str:
        return str(
            self._often(
                self._random.choice(KEYS), "a//b", "/a", "a/", "a/../b", "%C3%A9", "a%0A", "k" * 513
            )
        )

    def _changes(self) -> str:
        return f"/workspaces/{self._workspace()}/changes"

    def _typed(self, headers: dict[str, str]) -> dict[str, str]:
        kind = self._often(
            "application/json", "application/json; charset=utf-8", "text/plain", "", share=15
        )
        if kind:
            headers["Content-Type"] = kind
        if self._random.randrange(40) == 0:
            headers["Idempotency-Key"] = f"once-{self._count}"
        return headers

    def _match(self, headers: dict[str, str]) -> None:
        usual = self._random.choice(("*", "*", f'"{self.revision}"', f'"{self.revision}"', None))
        match = self._often(usual, '"1"', '"999999"', "nonsense", 'W/"3"', '"3-prod"', share=6)
        if match is not None:
            headers["If-Match"] = match
        if self._random.randrange(12) == 0:
            headers["If-None-Match"] = self._random.choice(("*", '"5"'))

    def _value(self) -> Any:
        drawn = self._random
        return drawn.choice(
            (
                drawn.randrange(5),
                "text \u00e9 \u0007 \u2028 \U0001f600 \x7f",
                "${app/host}:80",
                "${missing/key}",
                "${env:base/a}",
                "$${literal}",
                "${broken",
                {"retries": 3, "nested": [1, 2.5, None, True]},
                [],
                None,
                10**30,
                1e300,
                "******",
                json.loads("[" * 101 + "]" * 101),
            )
        )

    def _put(self) -> bytes:
        body: dict[str, Any] = {"value": self._value()}
        drawn = self._random
        if drawn.randrange(4) == 0:
            body["message"] = drawn.choice(("why", "\u0000", "m" * 2001, 5, "\u00e9\u001f"))
        if drawn.randrange(10) == 0:
            body["secret"] = drawn.choice((True, "yes", "maybe", None))
        if drawn.randrange(10) == 0:
            body["description"] = drawn.choice(("said", "d" * 2001, None))
        if drawn.randrange(10) == 0:
            body["status"] = drawn.choice(("deprecated", "archived", "active", "draft"))
        if drawn.randrange(25) == 0:
            body["unknown"] = 1
        return self._spoilt(body)

    def _patch(self) -> bytes:
        status = self._often(self._random.choice(("deprecated", "archived", "active")), "odd", 3)
        return self._spoilt({"status": status})

    def _change(self) -> bytes:
        drawn = self._random
        count = self._often(drawn.randrange(1, 5), 0, 101)
        edits: list[dict[str, Any]] = []
        for number in range(count):
            action = self._often(drawn.choice(("set", "set", "set", "remove", "status")), "burn")
            key = self._key() if count < 100 else f"many/{number}"
            edit: dict[str, Any] = {"environment": self._environment(), "key": key}
            edit["action"] = action
            if action == "set":
                edit["value"] = self._value()
            if action == "status":
                edit["status"] = drawn.choice(("deprecated", "archived", "active"))
            edits.append(edit)
        body: dict[str, Any] = {"edits": edits, "action": self._often("publish", "draft", "submit")}
        if drawn.randrange(2):
            body["base_revision"] = self._often(self.revision, 1, 10**9, -1)
        if drawn.randrange(4) == 0:
            body["message"] = "a change"
        return self._spoilt(body)

    def _spoilt(self, body: dict[str, Any]) -> bytes:
        whole = json.dumps(body, ensure_ascii=self._random.random() < 0.5).encode()
        return bytes(
            self._often(
                whole,
                whole[:-1],
                b"",
                b"[]",
                b'"text"',
                b'{"value": NaN}',
                whole[:-1] + b', "value": 1}',
                b'{"value": {"a": 1, "a": 2}}',
                b"\xff" + whole,
                b"\xef\xbb\xbf" + whole,
                b'{"value": "' + b"v" * 70_000 + b'"}',
                share=10,
            )
        )


class _Names:
    """Replaces ids and times by the order in which they appeared."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def plain(self, text: str) -> str:
        return _VARIABLE.sub(
            lambda found: self._known.setdefault(found[0], f"<{len(self._known)}>"), text
        )


def _told(answer: httpx2.Response, names: _Names) -> dict[str, Any]:
    headers = {name: answer.headers.get(name) for name in _COMPARED}
    for name in ("location", "content-length"):
        # An id or a time may be written with fewer digits.
        headers[name] = None if headers[name] is None else names.plain(str(headers[name]))
    body = names.plain(answer.content.decode())
    if answer.status_code in {401, 429}:
        # A stranger who came too often is told so by the server that counted one more.
        return {"status": "stranger"}
    if '"code":"reference-' in body:
        # Which of several values that break is named first is left to chance, on either plane.
        return {"status": answer.status_code, "code": answer.json()["code"]}
    if body != answer.content.decode():
        headers["content-length"] = "varies"
    return {"status": answer.status_code, "headers": headers, "body": body}


@pytest.mark.parametrize("seed", [1, 2])
def test_both_planes_answer_alike(twins: tuple[Twin, Twin], seed: int) -> None:
    quick, plain = twins
    author, quick_names, plain_names = Author(seed), _Names(), _Names()
    author.revision = int(quick.who["admin"].ok("GET", f"/workspaces/{WORKSPACE}")["revision"])
    statuses: set[int] = set()
    for number in range(HISTORY):
        sent = author.draw()
        answer = quick.send(sent)
        found = _told(answer, quick_names)
        expected = _told(plain.send(sent), plain_names)
        assert found == expected, f"request {number}: {sent}"
        statuses.add(answer.status_code)
        if answer.status_code in {200, 201} and b'"revision"' in answer.content:
            author.revision = answer.json()["revision"] or author.revision
    assert {200, 201, 202, 400, 401, 403, 404, 412, 415, 422, 428} <= statuses


def test_the_fast_path_was_taken(twins: tuple[Twin, Twin]) -> None:
    """Its request ids are the process and a counter, the other plane's are made of the time."""
    for twin, quick in zip(twins, (True, False), strict=True):
        ids: list[str] = []
        for value in range(5):  # the first may find nobody known yet
            sent: Sent = (
                "writer",
                "PUT",
                f"/config/{WORKSPACE}/prod/taken",
                {"If-Match": "*", "Content-Type": "application/json"},
                b'{"value": %d}' % value,
            )
            answer = twin.send(sent)
            assert answer.status_code in {200, 201}
            ids.append(answer.headers["x-request-id"])
            found = twin.who["admin"].ok(
                "GET", "/audit", params={"workspace": WORKSPACE, "limit": 1}
            )
            assert found["items"][0]["request_id"] == ids[-1]
        ids = ids[-3:]
        numbers = [int(each[16:], 16) for each in ids]
        counted = numbers == list(range(numbers[0], numbers[0] + 3))
        assert (len({each[:16] for each in ids}) == 1 and counted) == quick


def test_both_end_with_the_same_values(twins: tuple[Twin, Twin], tmp_path: Path) -> None:
    del tmp_path
    for environment in ENVIRONMENTS:
        quick, plain = (
            twin.who["admin"].ok("GET", f"/config/{WORKSPACE}/{environment}") for twin in twins
        )
        assert quick == plain
