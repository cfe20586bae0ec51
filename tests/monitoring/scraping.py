"""A real Prometheus that scrapes real programs every second, with our rules."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2
import yaml

from tests.monitoring.definitions import RULES, read
from tests.monitoring.tools import background, until
from tests.support.api import free_port


class Prometheus:
    """A running Prometheus."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: str) -> list[Any]:
        """Return the series that answer a query; it must be a valid one."""
        answer = httpx2.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=10).json()
        assert answer["status"] == "success", f"{query}: {answer['error']}"
        return answer["data"]["result"]


@contextlib.contextmanager
def scraping(
    place: Path, metrics_port: int, database_url: str, redis_url: str
) -> Iterator[Prometheus]:
    """Run a Prometheus over a service's metrics, its PostgreSQL and its Redis."""
    with contextlib.ExitStack() as stack:
        targets = {"central-config": metrics_port}
        for job, (command, environment) in _exporters(database_url, redis_url).items():
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
        yield found


def _exporters(database_url: str, redis_url: str) -> dict[str, tuple[list[str], dict[str, str]]]:
    path = {"PATH": os.environ["PATH"]}
    source = {**path, "DATA_SOURCE_NAME": _keywords(database_url)}
    redis = redis_url.partition("?")[0]
    return {
        "central-config-postgres": (["prometheus-postgres-exporter"], source),
        "central-config-redis": (
            ["prometheus-redis-exporter", f"-redis.addr={redis}", "-connection-timeout=500ms"],
            path,
        ),
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


def _configure(place: Path, targets: Mapping[str, int]) -> None:
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
