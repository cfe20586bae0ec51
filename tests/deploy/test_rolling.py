"""Replacing a pod loses no request: two real APIs, and a Service that sends to those it knows.

The steps are the chart's: taken out of the Service, a while in which the old pod still answers,
SIGTERM, and the new one alone.
"""

import itertools
import signal
import threading
import time
from pathlib import Path

import httpx2

from central_config.api.server import STOP_WITHIN
from tests.support.api import ApiProcess, Client, Workspace

DRAIN = 1.0
CLIENTS = 4


class Service:
    """The addresses that get new connections."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self._turn = itertools.count()

    def address(self) -> str:
        """Return whose turn it is."""
        return self.addresses[next(self._turn) % len(self.addresses)]


class Load(threading.Thread):
    """Reads and writes without a pause, each through a new connection as proxies make them."""

    def __init__(self, number: int, service: Service, token: str, slug: str) -> None:
        super().__init__(name=f"load-{number}")
        self.key = f"load/{number}"
        self.slug = slug
        self.service = service
        self.token = token
        self.stop = threading.Event()
        self.served: dict[str, int] = {}
        self.written = 0
        self.failures: list[str] = []

    def run(self) -> None:
        """Go on until told to stop."""
        while not self.stop.is_set():
            address = self.service.address()
            client = Client(address, self.token)
            try:
                client.put(f"{self.slug}/staging/{self.key}", self.written + 1)
                self.written += 1
                client.values(f"{self.slug}/staging")
                self.served[address] = self.served.get(address, 0) + 1
            except (AssertionError, httpx2.TransportError) as error:
                self.failures.append(f"{address}: {error!r}")
            finally:
                client.close()


def test_a_pod_is_replaced_under_load(
    bootstrapped_url: str, redis_url: str, tmp_path: Path
) -> None:
    old = ApiProcess(bootstrapped_url, redis_url, tmp_path / "old.log")
    new = ApiProcess(bootstrapped_url, redis_url, tmp_path / "new.log")
    old.start()
    admin = old.sign_in()
    workspace = Workspace(admin)
    service = Service(old.url)
    assert admin.token is not None
    load = [Load(each, service, admin.token, workspace.slug) for each in range(CLIENTS)]
    try:
        for each in load:
            each.start()
        new.start()  # maxSurge: the new one is ready before the old one goes
        service.addresses.append(new.url)
        time.sleep(DRAIN)
        service.addresses.remove(old.url)
        time.sleep(DRAIN)
        assert old.process is not None
        old.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        old.process.wait(STOP_WITHIN + 5)
        stopped_after = time.monotonic() - began
        time.sleep(DRAIN)
    finally:
        for each in load:
            each.stop.set()
        for each in load:
            each.join(30)
        if old.process is not None and old.process.poll() is None:
            old.kill()
    try:
        assert [failure for each in load for failure in each.failures] == []
        assert stopped_after < STOP_WITHIN
        assert all(each.served.get(new.url, 0) > 0 for each in load)
        reader = new.with_token(admin.token)
        last = reader.values(f"{workspace.slug}/staging")
        reader.close()
        assert {each.key: last[each.key] for each in load} == {
            each.key: each.written for each in load
        }
    finally:
        admin.close()
        new.stop()
