"""A real Prometheus scrapes a real API and real exporters.

Every query of a rule or a dashboard parses, and what asks for what we export finds series. The
rules are ours, evaluated every second.
"""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2
import pytest
import yaml

from tests.docs.pages import ROOT
from tests.docs.pages import read as text_of
from tests.monitoring.definitions import PAGES, RULES, metrics, panels, read, rules
from tests.monitoring.names import EXPORTERS, OTHERS, PLANNED, base
from tests.monitoring.tools import background, until
from tests.support.api import ApiProcess, Client, Workspace, free_port

_ASKED = re.compile(r"--data-urlencode 'query=([^']*)'")
QUERIES = [*panels(), *((rule.name, rule.query) for rule in rules())]
TOLD = [
    (page.stem, query)
    for page in sorted(PAGES.glob("*.md"))
    for query in _ASKED.findall(text_of(page))
]
RECORDED = {rule.name: rule.query for rule in rules() if not rule.is_alert}


class Prometheus:
    """A running Prometheus."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: str) -> list[Any]:
        """Return the series that answer a query; it must be a valid one."""
        answer = httpx2.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=10).json()
        assert answer["status"] == "success", f"{query}: {answer['error']}"
        return answer["data"]["result"]


@pytest.fixture(scope="module")
def prometheus(
    server: ApiProcess, admin: Client, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    place = tmp_path_factory.mktemp("prometheus")
    with contextlib.ExitStack() as stack:
        targets = {"central-config": server.metrics_port}
        for job, (command, environment) in _exporters(server, redis_url).items():
            port = targets[job] = free_port()
            listen = [f"--web.listen-address=127.0.0.1:{port}"]
            ready = f"http://127.0.0.1:{port}/metrics"
            stack.enter_context(background([*command, *listen], place / job, ready, environment))
        port = free_port()
        _configure(place, targets)
        command = [
            "prometheus",
            f"--config.file={place / 'prometheus.yml'}",
            f"--storage.tsdb.path={place / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        url = f"http://127.0.0.1:{port}"
        stack.enter_context(background(command, place / "log", f"{url}/-/ready"))
        found = Prometheus(url)
        until(lambda: len(found.ask("up == 1")) == len(targets), what="all targets are scraped")
        _use(server, admin)  # twice: the first scrape of a series shows no growth
        until(lambda: found.ask('http_requests_total{status="401"}'), what="the first use")
        _use(server, admin)
        until(lambda: found.ask("central_config:http_errors:ratio5m"), what="recorded series")
        yield found


def _exporters(server: ApiProcess, redis_url: str) -> dict[str, tuple[list[str], dict[str, str]]]:
    path = {"PATH": os.environ["PATH"]}
    source = {**path, "DATA_SOURCE_NAME": _keywords(server.environment["DATABASE_URL"])}
    redis = redis_url.partition("?")[0]
    return {
        "central-config-postgres": (["prometheus-postgres-exporter"], source),
        "central-config-redis": (["prometheus-redis-exporter", f"-redis.addr={redis}"], path),
    }


def _keywords(url: str) -> str:
    """Return the address in libpq's other form: the exporter reads no socket out of an URL."""
    parts = urlsplit(url)
    more = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return " ".join(
        f"{name}='{value}'"
        for name, value in {
            "host": more.get("host", parts.hostname),
            "user": parts.username,
            "password": unquote(parts.password or ""),
            "dbname": parts.path.lstrip("/"),
            "sslmode": "disable",
        }.items()
        if value
    )


def _configure(place: Path, targets: dict[str, int]) -> None:
    for path in RULES:
        document = read(path)
        for group in document["groups"]:
            group["interval"] = "1s"
        (place / path.name).write_text(yaml.safe_dump(document), encoding="utf-8")
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(place / path.name) for path in RULES],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
            for job, port in targets.items()
        ],
    }
    (place / "prometheus.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")


def _use(server: ApiProcess, admin: Client) -> None:
    """Do a little of everything, also what is refused."""
    workspace = Workspace(admin)
    admin.put(workspace.place("prod", "a"), 1)
    admin.put(workspace.place("prod", "password"), "hidden", secret=True)
    admin.values(workspace.place("prod"))
    admin.ok("POST", f"{workspace.environment('prod')}/reveal/password", json={})
    admin.get(f"/watch/{workspace.place('prod')}", params={"revision": 0, "wait": 1})
    workspace.key()
    with contextlib.closing(server.with_token("cc_aaaaaaaa_" + "b" * 43)) as stranger:
        assert stranger.get("/me").status_code == 401
    with contextlib.closing(server.anonymous()) as stranger:
        body = {"username": "nobody", "password": "a-wrong-one"}
        assert stranger.post("/sessions", json=body).status_code == 401


@pytest.mark.parametrize(("name", "query"), QUERIES, ids=[name for name, _ in QUERIES])
def test_a_query_parses_and_finds_what_is_measured(
    prometheus: Prometheus, name: str, query: str
) -> None:
    prometheus.ask(query)
    if _is_measured(query):
        asked = _without_threshold(query)
        until(lambda: prometheus.ask(asked), what=f"series for {name}: {asked}", seconds=10)


def test_what_pages_tell_people_to_ask_is_valid(prometheus: Prometheus) -> None:
    assert len(TOLD) > 20
    for _page, query in TOLD:
        prometheus.ask(query)


def _is_measured(query: str) -> bool:
    """Tell whether the tests' own processes export everything that a query asks for."""
    names = metrics(query)
    inner = {each for name in names for each in metrics(RECORDED.get(name, name))}
    return not any(base(each) in PLANNED | OTHERS for each in inner)


def _without_threshold(query: str) -> str:
    """Return the query without its comparison: what is well fires no alert, but has a value."""
    first = re.split(r"\s+(?:and on|unless on)\b", query)[0]
    if first.startswith("absent("):
        first = first.removeprefix("absent(").removesuffix(")")
    return re.sub(r"\s(?:>=|==|<|>)\s[\d.* ]+$", "", first.strip())


@pytest.mark.parametrize("name", sorted(EXPORTERS))
def test_the_exporters_have_these_names(prometheus: Prometheus, name: str) -> None:
    assert until(lambda: prometheus.ask(name), what=name, seconds=10)


def test_everything_documented_is_scraped(prometheus: Prometheus) -> None:
    lines = text_of(ROOT / "docs" / "reference" / "metrics.md").splitlines()
    names = [line.split("`")[1] for line in lines if line.startswith("| `")]
    # A workspace's revision is set when another replica changes it.
    missing = [name for name in names if not prometheus.ask(f'{{__name__=~"{name}(_count)?"}}')]
    assert missing == []


def test_alerts_that_should_fire_here_do(prometheus: Prometheus) -> None:
    """Nothing is planned to be silent: what is not exported yet is said to be missing."""
    query = 'ALERTS{alertname=~"MeasurementMissing|BackupAgeUnknown"}'
    asked = [re.findall(r'"metric", "(\w+)"', rule.query) for rule in rules()]
    missing = {name for names in asked for name in names} & PLANNED
    until(
        lambda: {each["metric"]["metric"] for each in prometheus.ask(query)} == missing,
        what=f"alerts that {missing} are not measured",
    )
    assert prometheus.ask('ALERTS{alertname="CentralConfigDown"}') == []
    assert prometheus.ask('ALERTS{alertname="Watchdog"}') != []
