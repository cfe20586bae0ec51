"""Asks every GET route of the published schema, with every parameter that could matter."""

import itertools
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx2

from tests.secrets.planting import ENVIRONMENTS, Planted
from tests.support.api import Client

KEYS = (
    "db/password",
    "db/login",
    "db/url",
    "tokens",
    "copy",
    "removed",
    "SMTP_PASSWORD",
    "SITE",
    "late",
    "uses-late",
    "late-by-write",
    "late-removed",
    "late-drafted",
)
PLACEHOLDER = re.compile(r"\{(\w+)\}")
FORMATS = ("env", "yaml", "json", "toml", "properties", "ini", "configmap")
# Of a log of many events the first thousand; a cursor is asked for by lists of their own tests.
NOT_VARIED = frozenset({"cursor", "limit", "actor", "action", "since", "until", "author", "kind"})


class Sweep:
    """Fills the parameters of routes; an unknown parameter fails, so that none is forgotten."""

    def __init__(self, planted: Planted, client: Client) -> None:
        self._planted = planted
        self._client = client
        workspace = planted.workspace
        everything = planted.admin
        users = everything.ok("GET", "/users")["items"]
        keys = everything.ok("GET", "/keys")["items"]
        before = str(planted.before_secret)
        self._path: dict[str, list[str]] = {
            "workspace": [workspace.slug],
            "environment": list(ENVIRONMENTS),
            "key": list(KEYS),
            "change": planted.changes,
            "revision": [str(each) for each in range(1, workspace.revision() + 1)],
            "username": [user["username"] for user in users],
            "key_id": [key["id"] for key in keys],
            "job": [str(UUID(int=0))],
            "notification": [str(UUID(int=0))],
            "run": [str(UUID(int=0))],
            "incident": ["INC-2026-1123-001"],
            "document": ["initial", "resolution"],
            "report": [str(UUID(int=0))],
            "recommendation": [str(UUID(int=0))],
            "name": [role["name"] for role in everything.ok("GET", "/roles")["items"]] + ["names"],
        }
        first = next(iter(planted.secret.values()))
        self._query: dict[str, list[str | None]] = {
            "workspace": [workspace.slug],
            "prefix": ["", "db/"],
            "key": [None, "db/password"],
            "at": [None, before],
            "consistent": [None, "true"],
            "max_age": [None, "0"],
            "inherited": [None, "true"],
            "status": [None, "draft", "open", "archived"],
            "origin": [None, "own"],
            "from": ["4", before],
            "to": [None, before],
            "left": ["base", f"prod@{before}"],
            "right": ["prod", f"base@{before}"],
            "format": list(FORMATS),
            "secrets": ["mask", "omit"],
            "q": ["late", "password", first, first[-12:]],
            "environment": [None, "prod"],
            "revision": ["4", before],
            "wait": ["0"],
            "skip": ["0"],
            "about": [None, "test"],
            "channel": [None, "mail"],
            "open": [None, "true"],
            "severity": [None, "P0"],
            "incident": [None, "INC-2026-1123-001"],
            "checklist": [None, "pre-deployment"],
            "older_than": [None, "0"],
            "inactive_days": [None, "0"],
            "key_days": [None, "0"],
            "word": [None, "pass"],
            "secret": [None, "true"],
            "oldest_first": [None, "true"],
        }

    def run(self, who: str) -> dict[str, str]:
        """Return every answer, by what was asked and who asked."""
        schema = self._planted.admin.ok("GET", "/openapi.json")
        answers: dict[str, str] = {}
        for path, methods in schema["paths"].items():
            if "get" not in methods or path.startswith("/health"):
                continue
            route = path.removeprefix("/api/v1")
            self._check_known(route, methods["get"].get("parameters", []))
            for address, params in self._questions(route, methods["get"].get("parameters", [])):
                answer = self._client.get(address, params=params)
                # The assistant is off here; what it shows of secrets has tests of its own.
                off = answer.status_code == 503 and answer.json()["code"] == "ai-disabled"
                assert answer.status_code < 500 or off, f"{address} {params}: {answer.text}"
                answers[f"{who} GET {address} {params} -> {answer.status_code}"] = shown(answer)
        return answers

    def _check_known(self, route: str, parameters: list[dict[str, Any]]) -> None:
        asked = {each["name"] for each in parameters if each["in"] == "query"}
        unknown = set(PLACEHOLDER.findall(route)) - set(self._path)
        unknown |= asked - set(self._query) - NOT_VARIED
        assert not unknown, f"say in this file with which {unknown} to ask {route}"

    def _questions(
        self, route: str, parameters: list[dict[str, Any]]
    ) -> Iterator[tuple[str, dict[str, str]]]:
        path = PLACEHOLDER.findall(route)
        query = [
            each["name"]
            for each in parameters
            if each["in"] == "query" and each["name"] not in NOT_VARIED
        ]
        for values in itertools.product(*(self._path[name] for name in path)):
            address = route
            for name, value in zip(path, values, strict=True):
                address = address.replace(f"{{{name}}}", value)
            for asked in self._variations(query):
                yield address, asked

    def _variations(self, names: list[str]) -> Iterator[dict[str, str]]:
        """Yield each parameter's values one after the other, the others at their first."""
        first = {name: self._query[name][0] for name in names}
        seen: list[dict[str, str]] = []
        for name in names or [""]:
            for value in self._query.get(name, [None]):
                asked = {**first, name: value}
                given = {key: each for key, each in asked.items() if key and each is not None}
                if given not in seen:
                    seen.append(given)
                    yield given


def shown(answer: httpx2.Response) -> str:
    """Return all of an answer that a caller sees."""
    return f"{dict(answer.headers)}\n{answer.text}"
