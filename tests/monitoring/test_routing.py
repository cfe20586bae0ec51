"""The Alertmanager configuration: accepted, every receiver used, every name known."""

import re
from typing import Any

import pytest

from tests.monitoring.definitions import MONITORING, alerts, read
from tests.monitoring.tools import run

CONFIGURATION = MONITORING / "alertmanager" / "alertmanager.yml"
# From the table of severities: how soon somebody is to respond.
PACE = {"P0": "15m", "P1": "1h", "P2": "4h", "P3": "24h"}


def test_amtool_accepts_it() -> None:
    result = run("amtool", "check-config", str(CONFIGURATION))
    assert result.returncode == 0, result.stdout
    assert "SUCCESS" in result.stdout


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("severity=P0", "page-everyone"),
        ("severity=P1", "page-on-call"),
        ("severity=P2", "team"),
        ("severity=P3", "daily"),
        ("severity=somebody-invented-it", "daily"),
        ("alertname=Watchdog severity=none", "dead-mans-switch"),
    ],
)
def test_a_severity_has_its_receiver(labels: str, receiver: str) -> None:
    options = ["config", "routes", "test", f"--config.file={CONFIGURATION}"]
    result = run("amtool", *options, f"--verify.receivers={receiver}", *labels.split())
    assert result.returncode == 0, result.stdout


def test_every_alert_is_repeated_at_the_pace_of_its_severity() -> None:
    routes = {_severity(route): route for route in read(CONFIGURATION)["route"]["routes"]}
    assert {name: routes[name]["repeat_interval"] for name in PACE} == PACE


def _severity(route: Any) -> str:
    found = re.fullmatch(r'severity="(P\d)"', route["matchers"][0])
    return "" if found is None else found[1]


def test_every_receiver_is_used_and_reaches_somebody() -> None:
    configuration = read(CONFIGURATION)
    used = {route["receiver"] for route in configuration["route"]["routes"]}
    used.add(configuration["route"]["receiver"])
    assert {each["name"] for each in configuration["receivers"]} == used
    assert all(len(each) > 1 for each in configuration["receivers"])


def test_inhibition_names_alerts_that_exist() -> None:
    known = {alert.name for alert in alerts()}
    for rule in read(CONFIGURATION)["inhibit_rules"]:
        for side in ("source_matchers", "target_matchers"):
            (matcher,) = rule[side]
            found = re.fullmatch(r'alertname=~?"([\w|]+)"', matcher)
            assert found is not None, matcher
            assert set(found[1].split("|")) <= known


def test_no_secret_is_in_the_file() -> None:
    text = CONFIGURATION.read_text(encoding="utf-8")
    assert re.findall(r"(?m)^\s*(?:smtp_auth_password|slack_api_url|api_url):", text) == []
