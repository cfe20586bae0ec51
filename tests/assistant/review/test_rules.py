"""How a schema rule would be weaker, asked before it is saved."""

from typing import Any
from uuid import UUID

import pytest

from central_config.assistant.model.reviews.checks.weakening import loosened, weakened
from central_config.configurations.model.schemas import SchemaRule
from central_config.core.json import encode
from tests.assistant.review.conftest import Shop


def rule(schema: Any, pattern: str = "**/port", mode: str = "enforce") -> SchemaRule:
    return SchemaRule(UUID(int=0), "ports", pattern, encode(schema).decode(), mode)


PORT = {"type": "integer", "minimum": 1, "maximum": 65535}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (PORT, {"type": "integer", "minimum": 0, "maximum": 65535}),
        (PORT, {"type": "integer", "minimum": 1}),
        (PORT, {"type": ["integer", "string"], "minimum": 1, "maximum": 65535}),
        (PORT, True),
        (False, PORT),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}),
        ({"required": ["a", "b"]}, {"required": ["a"]}),
        ({"pattern": "^a$"}, {"pattern": "^.*$"}),
        ({"additionalProperties": False}, {"additionalProperties": True}),
        ({"properties": {"a": PORT}}, {"properties": {}}),
        ({"properties": {"a": PORT}}, {"properties": {"a": {"type": "integer"}}}),
        ({"items": {"maxLength": 5}}, {"items": {"maxLength": 50}}),
        ({"type": "integer"}, {"type": "number"}),
        ({"allOf": [PORT]}, {"type": "object"}),
    ],
)
def test_what_is_looser_is_told(old: Any, new: Any) -> None:
    """And the other way round, where that is stricter, nothing is."""
    assert list(loosened(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (PORT, PORT),
        (PORT, {**PORT, "minimum": 1024}),
        (True, PORT),
        ({"type": "number"}, {"type": "integer"}),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}),
        ({"properties": {}}, {"properties": {"a": PORT}, "additionalProperties": False}),
        (PORT, {**PORT, "description": "a port"}),
    ],
)
def test_what_is_no_looser_is_left_alone(old: Any, new: Any) -> None:
    """Stricter, or the same in other words."""
    assert not list(loosened(old, new))


def test_modes_patterns_and_deletion() -> None:
    """What a rule does not hold for any more it does not refuse either."""
    keys = ["db/port", "web/port"]
    (warned,) = weakened(rule(PORT), rule(PORT, mode="warn"), [])
    assert (warned.severity, "only warn" in warned.evidence) == ("high", True)
    (narrowed,) = weakened(rule(PORT), rule(PORT, pattern="db/port"), ["web/port"])
    assert (narrowed.severity, "web/port" in narrowed.evidence) == ("medium", True)
    (gone,) = weakened(rule(PORT), None, keys)
    assert (gone.severity, "db/port, web/port" in gone.evidence) == ("high", True)


def test_a_rule_is_reviewed_before_it_is_saved(shop: Shop) -> None:
    """Over HTTP; the rule stays as it is."""
    shop.serve("base", {"db/port": 5432})
    body = {"name": "ports", "pattern": "**/port", "schema": PORT, "mode": "enforce"}
    shop.admin.ok("POST", f"{shop.path}/schemas", json=body)
    path = f"{shop.path}/schemas/ports/review"
    found = shop.admin.ok("POST", path, json={"schema": {"type": "integer"}, "mode": "warn"})
    assert found["risk"] == "high"
    assert {it["rule"] for it in found["findings"]} == {"schema-weakened"}
    assert shop.admin.ok("POST", path, json={"delete": True})["risk"] == "high"
    assert shop.admin.ok("POST", path, json={})["risk"] == "none"
    assert shop.admin.ok("GET", f"{shop.path}/schemas/ports")["mode"] == "enforce"
    assert shop.admin.request("POST", path, json={"mode": "loud"}).status_code == 422
    gone = shop.admin.request("POST", f"{shop.path}/schemas/none/review", json={})
    assert gone.status_code == 404
