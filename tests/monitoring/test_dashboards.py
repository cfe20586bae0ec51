"""The dashboards: current, laid out without overlap, and asking only for metrics there are."""

import json
import subprocess
import sys
from itertools import combinations
from typing import Any

import pytest

from tests.docs.pages import ROOT, read
from tests.monitoring.definitions import DASHBOARDS, MONITORING, metrics, panels, rules
from tests.monitoring.names import EXPORTERS, OTHERS, PLANNED, base


def test_they_have_the_addresses_that_others_bind_to() -> None:
    found = {path.stem: json.loads(read(path))["uid"] for path in DASHBOARDS}
    names = {"central-config-main", "central-config-perf", "central-config-security"}
    assert found == {name: name for name in names}


def test_they_are_what_the_definitions_say() -> None:
    script = MONITORING / "dashboards" / "build.py"
    result = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"stale, run python {script.relative_to(ROOT)}: {result.stdout}"


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_do_not_overlap(path: Any) -> None:
    places = [panel["gridPos"] for panel in json.loads(read(path))["panels"]]
    assert all(each["x"] + each["w"] <= 24 for each in places)
    assert [pair for pair in combinations(places, 2) if _overlap(*pair)] == []


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    across = one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
    down = one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]
    return across and down


def test_the_names_in_a_query_are_found() -> None:
    query = (
        'sum by (le, route) (rate(a_b_bucket{x="c_d"}[5m])) / on (instance) e:f:rate5m > 2 * up'
        ' unless on () absent(up{job="g_h"} == 1)'
    )
    assert metrics(query) == {"a_b_bucket", "e:f:rate5m", "up"}


def test_every_metric_asked_for_is_known() -> None:
    """Exported by us today or planned, of an exporter, or recorded by a rule of ours."""
    ours = set(_documented()) | {"up"} | PLANNED | EXPORTERS | OTHERS
    recorded = {rule.name for rule in rules() if not rule.is_alert}
    asked = {name for rule in rules() for name in metrics(rule.query)}
    asked |= {name for _, query in panels() for name in metrics(query)}
    unknown = {name for name in asked if base(name) not in ours and not _of_process(name)}
    assert unknown - recorded == set()
    assert {name for name in asked if ":" in name} <= recorded


def test_what_is_planned_is_not_there_yet() -> None:
    """What the service exports by now is to be taken off the list, so that it is tried for real."""
    assert set(_documented()) & PLANNED == set()


def test_what_is_listed_is_asked_for() -> None:
    asked = {base(name) for rule in rules() for name in metrics(rule.query)}
    asked |= {base(name) for _, query in panels() for name in metrics(query)}
    assert (PLANNED | EXPORTERS | OTHERS) - asked == set()


def _of_process(name: str) -> bool:
    return name.startswith("process_")


def _documented() -> list[str]:
    lines = read(ROOT / "docs" / "reference" / "metrics.md").splitlines()
    return [line.split("`")[1] for line in lines if line.startswith("| `")]
