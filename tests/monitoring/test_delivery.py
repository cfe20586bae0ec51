"""A real Alertmanager with our configuration delivers to a real web server and a real mail server.

Only addresses and waiting times are others than in production.
"""

import contextlib
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.monitoring.definitions import MONITORING, alerts, read
from tests.monitoring.sinks import HttpSink, MailSink, Post, serving
from tests.monitoring.tools import background, until
from tests.support.api import free_port

# Long enough for what must not come to come (seconds): groups go out every second here.
PATIENCE = 3.0


class Alertmanager:
    """A running Alertmanager, and where its messages arrive."""

    def __init__(self, url: str, web: HttpSink, mail: MailSink) -> None:
        self.url = url
        self.web = web
        self.mail = mail

    def push(self, name: str, *, resolved: bool = False, **labels: str) -> None:
        """Report an alert as Prometheus would, with the labels and texts of its rule."""
        rule = next(each for each in alerts() if each.name == name)
        alert: dict[str, Any] = {
            "labels": {"alertname": name, **rule.labels, **labels},
            "annotations": {key: _filled(text, labels) for key, text in rule.annotations.items()},
        }
        if resolved:
            alert["endsAt"] = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        httpx2.post(f"{self.url}/api/v2/alerts", json=[alert]).raise_for_status()

    def state(self, name: str) -> str:
        """Return active, suppressed, or nothing where there is no such alert."""
        found = httpx2.get(f"{self.url}/api/v2/alerts").json()
        states = [each["status"]["state"] for each in found if each["labels"]["alertname"] == name]
        return states[0] if states else ""

    def posts(self, path: str, name: str) -> list[Post]:
        """Return what arrived at a path about an alert."""
        return [each for each in self.web.posts if each.path == path and name in str(each.body)]

    def told_of(self, name: str) -> bool:
        """Tell whether anything about an alert arrived anywhere."""
        mails = any(name in each.subject for each in self.mail.mails)
        return mails or any(name in str(each.body) for each in self.web.posts)


def _filled(text: str, labels: dict[str, str]) -> str:
    """Return the text of a rule as Prometheus fills it in, as far as it asks for the instance."""
    return re.sub(r"\{\{[^}]*\$labels\.instance[^}]*\}\}", labels.get("instance", ""), text)


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    web, mail = HttpSink(), MailSink()
    port = free_port()
    configuration = tmp_path / "alertmanager.yml"
    configuration.write_text(yaml.safe_dump(_local(web, mail, tmp_path)), encoding="utf-8")
    command = [
        "prometheus-alertmanager",
        f"--config.file={configuration}",
        f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    url = f"http://127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:
        stack.enter_context(serving(web))
        stack.enter_context(serving(mail))
        stack.enter_context(background(command, tmp_path / "log", f"{url}/-/ready"))
        yield Alertmanager(url, web, mail)


def _local(web: HttpSink, mail: MailSink, place: Path) -> Any:
    found = read(MONITORING / "alertmanager" / "alertmanager.yml")
    slack = place / "slack-webhook-url"
    slack.write_text(f"{web.url}/slack", encoding="utf-8")
    found["global"] |= {
        "slack_api_url_file": str(slack),
        "smtp_smarthost": mail.address,
        "smtp_require_tls": False,
    }
    found["templates"] = [str(MONITORING / "alertmanager" / "*.tmpl")]
    for route in (found["route"], *found["route"]["routes"]):
        route |= {"group_wait": "0s", "group_interval": "1s"}
    for receiver in found["receivers"]:
        for hook in receiver.get("webhook_configs", []):
            hook["url"] = hook["url"].replace("http://127.0.0.1:9095", web.url)
    return found


def test_p0_reaches_everybody_and_is_called_off(alertmanager: Alertmanager) -> None:
    alertmanager.push("CentralConfigDown")

    until(lambda: alertmanager.posts("/page", "CentralConfigDown"), what="the pager")
    until(lambda: len(alertmanager.posts("/slack", "CentralConfigDown")) == 2, what="Slack")
    mail = until(lambda: alertmanager.mail.mails, what="a mail")[0]
    assert mail.subject == "[P0] CentralConfigDown"
    assert set(mail.recipients) == {"oncall@example.com", "incident-commander@example.com"}
    rule = next(each for each in alerts() if each.name == "CentralConfigDown")
    summary, description, do = mail.text.splitlines()[:3]
    assert summary == "No instance of Central Configuration answers"
    assert description == rule.annotations["description"]
    assert do == "Do: https://docs.central-config.com/runbook/alerts/CentralConfigDown"
    messages = [each.body for each in alertmanager.posts("/slack", "CentralConfigDown")]
    assert {each["channel"] for each in messages} == {
        "#central-config-alerts",
        "#incident-response",
    }
    (attachment,) = messages[0]["attachments"]
    assert attachment["title"] == "[P0] CentralConfigDown"
    assert attachment["title_link"].endswith("/runbook/alerts/CentralConfigDown")
    assert attachment["color"] == "danger"
    assert "No instance of Central Configuration answers" in attachment["text"]

    alertmanager.push("CentralConfigDown", resolved=True)
    until(
        lambda: (
            "[resolved] CentralConfigDown" in [each.subject for each in alertmanager.mail.mails]
        ),
        what="a mail that it is over",
    )
    page = until(lambda: alertmanager.posts("/page", "resolved"), what="the pager called off")[0]
    assert page.body["status"] == "resolved"


def test_each_severity_reaches_those_it_should(alertmanager: Alertmanager) -> None:
    alertmanager.push("ArchiverFailing", instance="pg")
    alertmanager.push("RestoreDrillTooOld")
    alertmanager.push("JobsFailing")
    alertmanager.push("Watchdog")

    until(lambda: alertmanager.posts("/page", "ArchiverFailing"), what="P1 at the pager")
    until(lambda: alertmanager.posts("/slack", "ArchiverFailing"), what="P1 in Slack")
    until(lambda: alertmanager.posts("/slack", "RestoreDrillTooOld"), what="P2 in Slack")
    until(lambda: alertmanager.posts("/watchdog", "Watchdog"), what="the dead man's switch")
    until(lambda: len(alertmanager.mail.mails) == 2, what="P1 and P3 by mail")
    time.sleep(PATIENCE)

    to = {each.subject: each.recipients for each in alertmanager.mail.mails}
    assert to == {
        "[P1] ArchiverFailing": ["oncall@example.com"],
        "[P3] JobsFailing": ["devops@example.com"],
    }
    assert len(alertmanager.posts("/page", "ArchiverFailing")) == 1
    pages = [each for each in alertmanager.web.posts if each.path == "/page"]
    assert len(pages) == 1, "nobody is woken by P2, P3 or the watchdog"
    assert [each.path for each in alertmanager.web.posts].count("/watchdog") == 1
    assert len([each for each in alertmanager.web.posts if each.path == "/slack"]) == 2


def test_a_cause_hides_what_follows_from_it_and_nothing_else(alertmanager: Alertmanager) -> None:
    alertmanager.push("DatabaseDown", instance="pg")
    until(lambda: alertmanager.told_of("DatabaseDown"), what="the cause")

    alertmanager.push("HighErrorRate")
    alertmanager.push("SnapshotStale", instance="a")
    alertmanager.push("CertificateExpiringSoon", instance="https://c")
    until(lambda: alertmanager.told_of("CertificateExpiringSoon"), what="what has another cause")
    until(lambda: alertmanager.state("HighErrorRate") == "suppressed", what="suppression")
    time.sleep(PATIENCE)
    assert alertmanager.state("SnapshotStale") == "suppressed"
    assert not alertmanager.told_of("HighErrorRate")
    assert not alertmanager.told_of("SnapshotStale")

    alertmanager.push("DatabaseDown", instance="pg", resolved=True)
    until(lambda: alertmanager.told_of("HighErrorRate"), what="what goes on when the cause is gone")


def test_one_certificate_does_not_hide_another(alertmanager: Alertmanager) -> None:
    alertmanager.push("CertificateExpiringSoon", instance="https://c")
    until(lambda: alertmanager.told_of("CertificateExpiringSoon"), what="the first")
    alertmanager.push("CertificateExpiring", instance="https://c")
    until(lambda: alertmanager.state("CertificateExpiring") == "suppressed", what="suppression")
    alertmanager.push("CertificateExpiring", instance="https://d")
    found = until(
        lambda: alertmanager.posts("/slack", "[P2] CertificateExpiring"), what="the second"
    )
    texts = [str(each.body) for each in found]
    assert all("https://d" in text and "https://c" not in text for text in texts)
