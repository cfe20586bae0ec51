"""What `deploy/monitoring` and its promtool tests hold, as tests read it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parent.parent.parent
MONITORING = ROOT / "deploy" / "monitoring"
RULES = sorted((MONITORING / "rules").glob("*.yaml"))
RULE_TESTS = Path(__file__).parent / "rules"
PAGES = ROOT / "docs" / "runbook" / "alerts"
DASHBOARDS = sorted((MONITORING / "dashboards").glob("*.json"))

_STRING = re.compile(r'"[^"]*"')
_SELECTION = re.compile(r"\{[^}]*\}|\[[^\]]*\]")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?!\s*\(|[a-zA-Z0-9_:])")
_WORDS = {"and", "or", "unless", "offset", "bool", "by", "on"}


class Rule(NamedTuple):
    """A rule of Prometheus; `name` is the alert's or the recorded series'."""

    file: Path
    name: str
    is_alert: bool
    query: str
    labels: dict[str, str]
    annotations: dict[str, str]


def rules() -> list[Rule]:
    """Return every rule."""
    found: list[Rule] = []
    for path in RULES:
        for group in read(path)["groups"]:
            for rule in group["rules"]:
                is_alert = "alert" in rule
                found.append(
                    Rule(
                        path,
                        rule["alert" if is_alert else "record"],
                        is_alert,
                        str(rule["expr"]).strip(),
                        rule.get("labels", {}),
                        rule.get("annotations", {}),
                    )
                )
    return found


def alerts() -> list[Rule]:
    """Return every alert."""
    return [each for each in rules() if each.is_alert]


def panels() -> Iterator[tuple[str, str]]:
    """Yield (dashboard: panel, query) for every query of the dashboards."""
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel["targets"]:
                yield f"{path.stem}: {panel['title']}", target["expr"]


def read(path: Path) -> Any:
    """Return what a YAML file holds."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def metrics(query: str) -> set[str]:
    """Return the names of the metrics that a query asks for."""
    bare = _STRING.sub('""', query)
    bare = _GROUPING.sub(" ", _SELECTION.sub(" ", bare)).replace('""', " ")
    bare = re.sub(r"\b\d+(?:\.\d+)?(?:[smhdw])?\b", " ", bare)
    found = {each for each in _NAME.findall(bare) if each not in _WORDS}
    return {each for each in found if each == "up" or "_" in each or ":" in each}
