"""A real Alertmanager, set up as the documentation shows, opens an incident and ends its alert."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
import yaml

from tests.docs.pages import ROOT
from tests.incidents.conftest import ALERTS_TOKEN
from tests.monitoring.tools import background, until
from tests.support.api import ApiProcess, Client, free_port

PAGE = ROOT / "docs" / "how-to" / "handle-an-incident.md"


def configuration(api: ApiProcess, directory: Path) -> Path:
    """Write the page's receiver as a whole configuration; only the addresses are others."""
    snippet = PAGE.read_text("utf-8").partition("```yaml\n")[2].partition("```")[0]
    token = directory / "token"
    token.write_text(ALERTS_TOKEN, encoding="utf-8")
    text = snippet.replace("https://config.example.org", api.url)
    text = text.replace("/etc/alertmanager/secrets/alerts-token", str(token))
    assert api.url in text
    assert str(token) in text
    whole = yaml.safe_load(text)
    whole["route"] = {
        "receiver": whole["receivers"][0]["name"],
        "group_by": ["alertname"],
        "group_wait": "0s",
        "group_interval": "1s",
        "repeat_interval": "1h",
    }
    path = directory / "alertmanager.yml"
    path.write_text(yaml.safe_dump(whole), encoding="utf-8")
    return path


@pytest.mark.timeout(120)
def test_alertmanager_reports(api: ApiProcess, operator: Client, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        "prometheus-alertmanager",
        f"--config.file={configuration(api, tmp_path)}",
        f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--cluster.listen-address=",
    ]
    alert = {
        "labels": {"alertname": "DatabaseDown", "severity": "P0", "instance": "db-1"},
        "annotations": {"summary": "PostgreSQL does not answer"},
    }

    def incident(status: str) -> dict[str, object] | None:
        found = operator.ok("GET", "/incidents?open=true&severity=P0")["items"]
        wanted = "DatabaseDown: PostgreSQL does not answer"
        return next((e for e in found if e["title"] == wanted and e["status"] == status), None)

    with background(command, tmp_path / "log", f"{url}/-/ready"):
        httpx2.post(f"{url}/api/v2/alerts", json=[alert]).raise_for_status()
        opened = until(lambda: incident("investigating"), what="an incident", seconds=40)
        ended = {**alert, "endsAt": (datetime.now(UTC) - timedelta(seconds=1)).isoformat()}
        httpx2.post(f"{url}/api/v2/alerts", json=[ended]).raise_for_status()
        watched = until(lambda: incident("monitoring"), what="its alert to end", seconds=40)
    assert opened["id"] == watched["id"]
    assert (opened["opened_by"], watched["alerts_firing"]) == ("alertmanager", 0)
