"""The data plane answers exactly what the control plane would: random histories, byte by byte."""

import json
import random
from typing import Any

import pytest

from central_config.core.settings import Settings
from tests.support.api import ADMIN_PASSWORD
from tests.support.asgi import Answered, InProcess, answered, ask, running, scope_of

STEPS = 120
READS_A_STEP = 8
KEYS = [f"{group}/{name}" for group in ("app", "app-old", "db", "x.y") for name in "abcd"] + [
    "app",
    "db/pool/size",
    "big/text",
]
ENVIRONMENTS = ("base", "staging", "prod")
QUERIES = ["", "prefix=", "prefix=app", "prefix=app/", "prefix=db%2F", "prefix=zzz", "prefix=a&x=1"]
ODD_QUERIES = [
    "prefix=%00",
    "key=app/a&key=db/b",
    "at=1",
    "consistent=true",
    "prefix=a&prefix=b",
    "at=nonsense",
]
ENCODINGS = ["", "gzip", "zstd", "gzip, zstd", "br", "zstd;q=0, gzip", "identity", "*"]
# What may differ between two answers to the same question.
MOVING = {"config-age", "x-request-id"}


class Histories:
    """Random writes and random questions."""

    def __init__(self, seed: int, api: InProcess) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a test's choice, no secret
        self.api = api
        self.tokens: list[str] = []
        self.revision = 0

    async def admin(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        given = {"authorization": f"Bearer {self.tokens[0]}"} if self.tokens else {}
        given |= {"content-type": "application/json", **headers}
        sent = b"" if body is None else json.dumps(body).encode()
        answer = await ask(
            self.api.control, scope_of(method, f"/api/v1{path}", given, "message=m"), sent
        )
        return answer.status, json.loads(answer.body) if answer.body else None

    async def prepare(self) -> None:
        await self.api.services.access.bootstrap()
        credentials = {"username": "admin", "password": ADMIN_PASSWORD}
        _, session = await self.admin("POST", "/sessions", credentials)
        self.tokens.append(session["token"])
        await self.admin("POST", "/workspaces", {"slug": "shop"})
        for slug in ENVIRONMENTS:
            parent = None if slug == "base" else "base"
            body = {"slug": slug, "parent": parent}
            status, _ = await self.admin("POST", "/workspaces/shop/environments", body)
            assert status == 201
        for scope in (
            {},
            {"secrets": True},
            {"key_prefix": "app/"},
            {"environments": ["prod"], "secrets": True, "key_prefix": "db"},
        ):
            key = {"name": "k", "workspace": "shop", "access": "read", "secrets": False, **scope}
            _, made = await self.admin("POST", "/keys", key)
            self.tokens.append(made["token"])

    def value(self) -> Any:
        choices: list[Any] = [1, True, None, "text", {"a": [1, {"b": 2}]}, 3.25, "ünï ☃"]
        choices += ["${app/a}", "x-${db/b}-y", "${env:base/app/a}", "z" * 3000, "y" * 40_000]
        return self.random.choice(choices)

    async def write(self) -> None:
        environment, key = self.random.choice(ENVIRONMENTS), self.random.choice(KEYS)
        place = f"/config/shop/{environment}/{key}"
        match self.random.random():
            case chance if chance < 0.6:
                secret = self.random.random() < 0.05
                body = {"value": self.value(), "secret": secret}
                await self.admin("PUT", place, body, **{"if-match": "*"})
            case chance if chance < 0.75:
                status = self.random.choice(["active", "deprecated", "archived"])
                await self.admin("PATCH", place, {"status": status}, **{"if-match": "*"})
            case chance if chance < 0.95:
                await self.admin("DELETE", place, **{"if-match": "*"})
            case _:
                slug = f"extra{self.random.randrange(3)}"
                body = {"slug": slug, "parent": self.random.choice(ENVIRONMENTS)}
                await self.admin("POST", "/workspaces/shop/environments", body)
        _, shop = await self.admin("GET", "/workspaces/shop")
        self.revision = shop["revision"]

    def question(self) -> dict[str, Any]:
        chance = self.random.random
        path = f"/api/v1/config/shop/{self.random.choice([*ENVIRONMENTS, 'extra0', 'none'])}"
        query = ""
        if chance() < 0.5:
            path += "/" + self.random.choice([*KEYS, "no/such", "bad//key", "app/", "ä"])
            query = self.random.choice(QUERIES) if chance() < 0.1 else ""
        else:
            query = self.random.choice(QUERIES if chance() < 0.8 else ODD_QUERIES)
        if chance() < 0.03:
            path = self.random.choice(["/api/v1/config/other/prod/a", "/api/v1/config/shop/prod/"])
        headers = {"host": "x", **self.credentials()}
        if chance() < 0.4:
            seen = max(0, self.revision - self.random.choice([0, 0, 1, 2, 5, -3]))
            tag = self.random.choice(['"%d"', 'W/"%d"', "%d", '"%d-gzip"', '"x%d"', "*%d"]) % seen
            headers["if-none-match"] = tag
        if chance() < 0.4:
            headers["accept-encoding"] = self.random.choice(ENCODINGS)
        scope = scope_of("GET", path, headers, query)
        # Each from elsewhere, or strangers would soon be told to wait.
        scope["client"] = (f"10.0.{self.random.randrange(256)}.{self.random.randrange(256)}", 1)
        return scope

    def credentials(self) -> dict[str, str]:
        token = self.random.choice([*self.tokens, *self.tokens, "cc_nobody", ""])
        if not token:
            return {}
        if self.random.random() < 0.3:
            return {"x-api-key": token}
        scheme = "bearer" if self.random.random() < 0.2 else "Bearer"
        return {"authorization": f"{scheme} {token}"}


def stripped(answer: Answered) -> tuple[int, dict[str, str], Any]:
    """Return what must be the same, with the request's id taken out of refusals."""
    headers = {name: value for name, value in answer.headers.items() if name not in MOVING}
    if headers.get("content-type") != "application/problem+json":
        return answer.status, headers, answer.body
    # How long a stranger has to wait depends on the moment of asking.
    headers = {
        name: headers[name] for name in headers if name not in {"content-length", "retry-after"}
    }
    problem = json.loads(answer.body)
    del problem["request_id"]
    if answer.status == 429:
        del problem["detail"]
    return answer.status, headers, problem


@pytest.mark.anyio
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_reads_are_the_same_on_both_planes(settings: Settings, seed: int) -> None:
    async with running(settings) as api:
        history = Histories(seed, api)
        await history.prepare()
        front = api.services.front(api.control)
        quick = asked = 0
        for _ in range(STEPS):
            await history.write()
            for _ in range(READS_A_STEP):
                scope = history.question()
                slow = await ask(api.control, dict(scope))
                found = api.services.reads.find(dict(scope))
                asked += 1
                if found is not None:
                    quick += 1
                    assert stripped(answered(found)) == stripped(slow), scope
                    head = api.services.reads.find({**scope, "method": "HEAD"})
                    assert head is not None
                    assert head[1]["body"] == b""
                    assert stripped(answered(head))[:2] == stripped(slow)[:2]
                whole = await ask(front, dict(scope))
                assert stripped(whole) == stripped(slow), scope
        # Else the test compares the control plane with itself.
        assert quick > asked / 8
