"""Valkey alone, as the supervisor and the test suite start it."""

import os
import signal
from pathlib import Path

import pytest
import redis
from supervised import wait_for

from central_config.supervisor.errors import StartRefusedError
from central_config.supervisor.valkey import ValkeyServer


def test_keeps_what_it_holds_over_a_stop_and_over_a_crash(data_dir: Path) -> None:
    with ValkeyServer(data_dir=data_dir) as server:
        with redis.Redis.from_url(server.url) as client:
            client.set("stopped", "kept")
            assert client.config_get("maxmemory", "maxmemory-policy", "appendonly") == {
                "maxmemory": str(64 * 1024 * 1024),
                "maxmemory-policy": "volatile-lru",
                "appendonly": "yes",
            }
        server.stop()
        server.start()
        pid = server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: server.exit_code() is not None)
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.get("stopped") == b"kept"
    assert server.exit_code() == 0


def test_does_not_share_a_file_with_a_running_server(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("central_config.supervisor.valkey.OLD_SERVER_GONE", 0.2)
    with (
        ValkeyServer(data_dir=data_dir),
        pytest.raises(StartRefusedError, match="another Valkey"),
    ):
        ValkeyServer(data_dir=data_dir).start()


def test_failed_start_quotes_the_log(data_dir: Path) -> None:
    broken = data_dir / "valkey" / "appendonlydir"
    broken.mkdir(parents=True)
    (broken / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(StartRefusedError, match=r"(?s)Valkey does not start.*manifest"):
        ValkeyServer(data_dir=data_dir).start()
