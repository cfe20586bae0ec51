"""The alert rules: valid, complete, and each shown to fire and to stay silent."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.monitoring.definitions import MONITORING, PAGES, RULE_TESTS, RULES, Rule, alerts, read
from tests.monitoring.tools import run

SEVERITIES = {"P0", "P1", "P2", "P3", "none"}
# Names that pagers and run books elsewhere are bound to.
BOUND = {
    "CentralConfigDown",
    "HighResponseTime",
    "HighErrorRate",
    "DatabaseConnectionIssues",
    "HighMemoryUsage",
}
SECTIONS = ("## Meaning", "## Impact", "## First", "## Causes", "## Escalate")

each_alert = pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
# What is recorded is tested by the alerts that ask for it.
each_file = pytest.mark.parametrize(
    "file", [path for path in RULES if path.stem != "recording"], ids=lambda path: path.stem
)


def test_promtool_accepts_the_rules() -> None:
    result = run("promtool", "check", "rules", *map(str, RULES))
    assert result.returncode == 0, result.stdout
    assert "FAILED" not in result.stdout


def test_promtool_accepts_the_example_of_a_configuration() -> None:
    result = run("promtool", "check", "config", str(MONITORING / "prometheus" / "prometheus.yml"))
    assert result.returncode == 0, result.stdout


@each_file
def test_alerts_fire_and_stay_silent_as_they_should(file: Path) -> None:
    result = run("promtool", "test", "rules", file.name, cwd=RULE_TESTS)
    assert result.returncode == 0, result.stdout


@each_alert
def test_an_alert_is_complete(alert: Rule) -> None:
    assert alert.labels["severity"] in SEVERITIES
    assert set(alert.annotations) == {"summary", "description", "runbook_url"}
    assert alert.annotations["runbook_url"].endswith(f"/runbook/alerts/{alert.name}")
    page = (PAGES / f"{alert.name}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {alert.name}\n")
    assert [each for each in SECTIONS if each not in page] == []
    assert f"**{alert.labels['severity']}**" in page


def test_every_page_is_of_an_alert() -> None:
    pages = {page.stem for page in PAGES.glob("*.md")} - {"index"}
    assert pages == {alert.name for alert in alerts()}


def test_names_are_of_one_alert_and_the_document_has_its_five() -> None:
    names = [alert.name for alert in alerts()]
    assert len(set(names)) == len(names)
    assert set(names) >= BOUND


@each_alert
def test_an_alert_is_shown_firing_and_silent(alert: Rule) -> None:
    firing, silent = False, False
    for asked in _questions(read(RULE_TESTS / alert.file.name)):
        if _covers(asked["expr"], alert.name):
            found = [each["labels"] for each in asked["exp_samples"]]
            here = any(f'"{alert.name}"' in labels for labels in found)
            firing, silent = firing or here, silent or not here
    assert firing
    assert silent or alert.name == "Watchdog", "shown firing only"


def _questions(document: Any) -> list[Any]:
    return [asked for test in document["tests"] for asked in test.get("promql_expr_test", [])]


def _covers(query: str, name: str) -> bool:
    if not query.startswith("ALERTS"):
        return False
    matcher = re.search(r'alertname(=~?)"([^"]*)"', query)
    return matcher is None or re.fullmatch(matcher[2], name) is not None


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        # Five mistakes seen in the wild, and some of the kind one makes on a Friday.
        ("service", 'absent(up{job="central-config"} == 1)', 'up{job="central-config"} == 0'),
        (
            "service",
            "central_config:http_errors:ratio5m > 0.05",
            "(sum(rate(http_requests_total{job='central-config',status=~'5..'}[5m])) > 0.1)",
        ),
        ("recording", ',container!=""}) > 0)', ',container!=""}))'),
        ("recording", "sum by (le) (", "sum by (le, instance) ("),
        (
            "recording",
            "sum by (instance) (pg_stat_database_numbackends)",
            'sum by (instance) (pg_stat_database_numbackends{datname="central_config"})',
        ),
        ("recording", 'route!~"/health.*|/api/v1/watch/.*"}[5m])))', 'route!~"/health.*"}[5m])))'),
        ("security", "or central_config_authentication", "unless central_config_authentication"),
        (
            "security",
            "min(central_config_audit_chain_intact",
            "max(central_config_audit_chain_intact",
        ),
        ("backup", ") unless on ()", ") and on ()"),
        ("backup", "26 * 3600", "26 * 36000"),
        ("jobs", " offset 1h", " offset 1m"),
        ("database", '{job="central-config-node",fstype!~"tmpfs|ramfs|overlay|squashfs"}', "{}"),
        ("assistant", "> 0.01)", ">= 0)"),
    ],
)
def test_a_mistake_is_noticed(tmp_path: Path, file: str, right: str, wrong: str) -> None:
    rules = tmp_path / "deploy" / "monitoring" / "rules"
    tests = tmp_path / "tests" / "monitoring" / "rules"
    shutil.copytree(MONITORING / "rules", rules)
    shutil.copytree(RULE_TESTS, tests)
    path = rules / f"{file}.yaml"
    text = path.read_text(encoding="utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    assert run("promtool", "check", "rules", str(path)).returncode == 0, "not even valid"
    names = ("service", "database", "security") if file == "recording" else (file,)
    result = run("promtool", "test", "rules", *(str(tests / f"{name}.yaml") for name in names))
    assert result.returncode != 0
    assert "got:" in result.stdout, "it failed for another reason"


def test_a_missing_program_fails_where_tools_are_to_be_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUIRE_TOOLS", "1")
    with pytest.raises(pytest.fail.Exception, match=r"apt-get install -y prometheus "):
        run("no-such-program")


def test_a_missing_program_is_named_where_they_need_not_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("REQUIRE_TOOLS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="NOT TESTED: no-such-program"):
        run("no-such-program")
