# ruff: noqa: INP001 - a script, not a package
"""Write the Grafana dashboards: `python deploy/monitoring/dashboards/build.py`.

The definitions are in `panels.py`; this makes Grafana's JSON of them. `--check` writes nothing and
ends with 1 when a file on disk is not what the definitions say.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from panels import DASHBOARDS, Dashboard, Panel  # noqa: E402 - found beside this file

_COLUMNS = 24  # of Grafana's grid
_SIZES = {"stat": (4, 4), "timeseries": (12, 8)}
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def render(dashboard: Dashboard) -> str:
    """Return the JSON that Grafana imports."""
    document: dict[str, Any] = {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["central-config"],
        "description": dashboard.description,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "schemaVersion": 38,
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_variable()]},
        "annotations": {"list": [_alerts()]},
        "links": [_link(other) for other in DASHBOARDS if other is not dashboard],
        "panels": _laid_out(dashboard.panels),
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _laid_out(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    x = y = height = 0
    found: list[dict[str, Any]] = []
    for number, panel in enumerate(panels, 1):
        width, tall = _SIZES[panel.kind]
        if x + width > _COLUMNS or (height and tall != height):
            x, y = 0, y + height
        height = tall
        place = {"x": x, "y": y, "w": width, "h": tall}
        found.append(_panel(number, panel, place))
        x += width
    return found


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    steps += [{"color": "red", "value": panel.red_from}] if panel.red_from is not None else []
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "gridPos": place,
        "datasource": _SOURCE,
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _SOURCE,
                "expr": query,
                "legendFormat": legend,
                "range": panel.kind == "timeseries",
                "instant": panel.kind == "stat",
            }
            for index, (legend, query) in enumerate(panel.queries.items())
        ],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "noValue": "not measured",
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
    }


def _variable() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "hide": 0,
    }


def _alerts() -> dict[str, Any]:
    return {
        "name": "Alerts",
        "datasource": _SOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": 'ALERTS{alertstate="firing",severity=~"P0|P1"}',
        "titleFormat": "{{alertname}}",
        "step": "60s",
    }


def _link(other: Dashboard) -> dict[str, Any]:
    return {
        "title": other.title,
        "type": "link",
        "url": f"/d/{other.uid}",
        "keepTime": True,
        "includeVars": True,
    }


def files() -> dict[Path, str]:
    """Return the text of every dashboard by its place."""
    return {HERE / f"{each.uid}.json": render(each) for each in DASHBOARDS}


def main() -> int:
    """Write what is stale, or with `--check` only say so."""
    stale = {
        path: text
        for path, text in files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    for path, text in stale.items():
        sys.stdout.write(f"{path.name}\n")
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
