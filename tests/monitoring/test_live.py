"""A real Prometheus scrapes a real API and real exporters.

Every query of a rule or a dashboard parses, and what asks for what we export finds series. The
rules are ours, evaluated every second.
"""

import contextlib
import re
from collections.abc import Iterator

import pytest

from tests.docs.pages import ROOT
from tests.docs.pages import read as text_of
from tests.monitoring.definitions import PAGES, metrics, panels, rules
from tests.monitoring.names import EXPORTERS, OTHERS, PLANNED, SWITCHED_OFF, base
from tests.monitoring.scraping import Prometheus, scraping
from tests.monitoring.tools import until
from tests.support.api import ApiProcess, Client, Workspace
from tests.support.servers import forget_failures

_ASKED = re.compile(r"--data-urlencode 'query=([^']*)'")
QUERIES = [*panels(), *((rule.name, rule.query) for rule in rules())]
TOLD = [
    (page.stem, query)
    for page in sorted(PAGES.glob("*.md"))
    for query in _ASKED.findall(text_of(page))
]
RECORDED = {rule.name: rule.query for rule in rules() if not rule.is_alert}


@pytest.fixture(scope="module")
def prometheus(
    server: ApiProcess, admin: Client, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    forget_failures(redis_url)  # other tests' from this address: these are to be looked at
    place = tmp_path_factory.mktemp("prometheus")
    database_url = server.environment["DATABASE_URL"]
    with scraping(place, server.metrics_port, database_url, redis_url) as found:
        _use(server, admin)  # twice: the first scrape of a series shows no growth
        until(lambda: found.ask('http_requests_total{status="401"}'), what="the first use")
        _use(server, admin)
        until(lambda: found.ask("central_config:http_errors:ratio5m"), what="recorded series")
        yield found


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
    return not any(base(each) in PLANNED | OTHERS | SWITCHED_OFF for each in inner)


def _without_threshold(query: str) -> str:
    """Return the query without its comparison: what is well fires no alert, but has a value."""
    first = re.split(r"\s+(?:and on|unless on)\b", query)[0]
    if first.startswith("absent("):
        first = first.removeprefix("absent(").removesuffix(")")
    first = re.sub(r'label_replace\(absent\((.+?)\), "metric".*?\)', r"\1", first)
    # This Prometheus was not there an hour ago.
    first = re.sub(r"\s-\smax\([^)]*offset 1h\)", "", first)
    return re.sub(r"\s(?:>=|==|<|>)\s(?:[\d.* ]+|sum\(.*)$", "", first.strip())


@pytest.mark.parametrize("name", sorted(EXPORTERS))
def test_the_exporters_have_these_names(prometheus: Prometheus, name: str) -> None:
    assert until(lambda: prometheus.ask(name), what=name, seconds=10)


def test_everything_documented_is_scraped(prometheus: Prometheus) -> None:
    lines = text_of(ROOT / "docs" / "reference" / "metrics.md").splitlines()
    names = [line.split("`")[1] for line in lines if line.startswith("| `")]
    missing = {name for name in names if not prometheus.ask(f'{{__name__=~"{name}(_count)?"}}')}
    assert missing <= SWITCHED_OFF


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
