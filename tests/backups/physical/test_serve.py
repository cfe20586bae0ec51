"""The whole way of an operator: `serve`, backups, a mistake, back to the moment before it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.backups.physical.stage import PASSPHRASE
from tests.support.api import ADMIN, ADMIN_PASSWORD, Client, free_port

STARTS_WITHIN = 60.0
RUN = (sys.executable, "-m", "central_config")


class Installation:
    """Environment and port of one installation."""

    def __init__(self, place: Path, bin_dir: Path) -> None:
        self.place = place
        self.port = free_port()
        self.log = place / "serve.log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if "DATABASE" not in name},
            "DATA_DIR": str(place / "data"),
            "POSTGRES_BIN": str(bin_dir),
            "BACKUP_REPOSITORY": str(place / "repository"),
            "BACKUP_PASSPHRASE": PASSPHRASE,
            "ADMIN_PASSWORD": ADMIN_PASSWORD,
            "PORT": str(self.port),
            "METRICS_PORT": "0",
            "CELERY_WORKER_CONCURRENCY": "1",
        }

    @contextmanager
    def served(self) -> Iterator[Client]:
        """Run `serve` until the block ends; give a client that is signed in."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*RUN, "serve"], env=self.environment, stdout=log, stderr=log, cwd=self.place
            )
        try:
            client = self._sign_in(process)
            yield client
            client.close()
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(40) == 0

    def _sign_in(self, process: subprocess.Popen[bytes]) -> Client:
        base = f"http://127.0.0.1:{self.port}"
        end = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < end:
            assert process.poll() is None, self.log.read_text()[-3000:]
            try:
                if httpx2.get(f"{base}/health/ready", timeout=2).status_code == 200:
                    break
            except httpx2.TransportError:
                pass
            time.sleep(0.2)
        client = Client(base, None)
        signed = {"username": ADMIN, "password": ADMIN_PASSWORD}
        token = client.ok("POST", "/sessions", json=signed)["token"]
        client.close()
        return Client(base, token)

    def command(self, *arguments: str, code: int = 0) -> Any:
        """Run a command beside it; return the JSON it answers."""
        done = subprocess.run(
            [*RUN, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
            cwd=self.place,
        )
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout) if code == 0 else done.stderr


@pytest.mark.timeout(300)
def test_back_to_the_moment_before_a_mistake(place: Path, bin_dir: Path) -> None:
    one = Installation(place, bin_dir)
    with one.served() as client:
        client.ok("POST", "/workspaces", json={"slug": "shop"})
        client.ok("POST", "/workspaces/shop/environments", json={"slug": "prod"})
        client.put("shop/prod/limit", 10)
        client.put("shop/prod/token", "hush", secret=True)
        made = one.command("backup", "create", "full", "--output", "json")
        assert made["kind"] == "full"
        time.sleep(1.5)
        moment = datetime.now(UTC).isoformat(sep=" ")
        time.sleep(1.1)
        client.put("shop/prod/limit", 0)  # the mistake
        seen = client.ok("GET", "/config/shop/prod")["revision"]
        refused = one.command(*recover(moment), code=2)
        assert "already serves" in refused
    done = one.command(*recover(moment))
    assert done["switched"] is True
    assert {each["name"]: each["ok"] for each in done["checks"]}["secrets"] is True
    with one.served() as client:
        found = client.ok("GET", "/config/shop/prod")
        assert found["values"]["limit"] == 10
        assert found["revision"] > seen  # nobody who saw the mistake takes it for the newest
        assert client.ok("GET", "/audit/verify")["intact"] is True
        assert client.ok("GET", "/config/shop/prod/token", params={})["masked"] is True


def recover(moment: str) -> list[str]:
    sure = ["--apply", "--confirm", "central_config", "--reason", "test"]
    return ["restore", "--to", moment, *sure, "--output", "json"]
