"""The small parts: delays, log files, environment, finding programs."""

import http.server
import sys
import threading
from pathlib import Path

import pytest

from central_config.core.settings import Settings
from central_config.supervisor import logfiles
from central_config.supervisor.banner import banner
from central_config.supervisor.binaries import find_postgres
from central_config.supervisor.environment import child_environment
from central_config.supervisor.errors import StartRefusedError
from central_config.supervisor.keeper import Keeper
from central_config.supervisor.paths import default_data_dir, write_once
from central_config.supervisor.plan import api_is_ready, product_plan, reachable
from central_config.supervisor.process import Process, Program


def test_delay_grows_and_is_forgotten_after_a_minute_of_health() -> None:
    now = 0.0
    child = Process(Program(name="fails", argv=("/bin/false",), environment={}))
    child.start()
    keeper = Keeper(child, clock=lambda: now)
    starts: list[float] = []
    pid = child.pid
    while len(starts) < 4:
        assert child.wait(5)
        keeper.look()
        if child.pid != pid:
            pid = child.pid
            starts.append(now)
        now += 0.25
    assert starts == [0.5, 1.75, 4.0, 8.25]  # each a step after 0.5, 1, 2 and 4 seconds
    assert child.wait(5)
    now += 60
    keeper.look()
    now += 0.5
    keeper.look()
    assert child.pid != pid
    assert child.wait(5)


def test_program_that_cannot_be_run_says_so(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = Process(Program(name="x", argv=("/nowhere/x",), environment={}, log=log))
    child.start()
    assert child.wait(5)
    assert child.exit_code() == 126
    assert log.read_text() == "cannot run /nowhere/x: No such file or directory\n"


def test_log_is_moved_away_when_it_grows(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    log.write_text("x" * 100)
    logfiles.bound(log, largest=100)
    assert logfiles.tail(log, start=98) == "xx"
    logfiles.bound(log, largest=99)
    assert log.read_text() == ""
    assert (tmp_path / "postgres.log.1").read_text() == "x" * 100


def test_file_is_never_replaced(tmp_path: Path) -> None:
    write_once(tmp_path / "key", "first")
    with pytest.raises(FileExistsError):
        write_once(tmp_path / "key", "second")
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    assert (tmp_path / "key").read_text() == "first"


def test_children_read_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("from a file\n")
    monkeypatch.setenv("ADMIN_PASSWORD_FILE", str(secret))
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("PGPORT", "6000")
    environment = child_environment(Settings(port=2, ai_enabled=True), {"DATA_DIR": "/x"})
    assert environment["PORT"] == "2"
    assert environment["AI_ENABLED"] == "True"
    assert environment["DATA_DIR"] == "/x"
    assert environment["ADMIN_PASSWORD_FILE"] == str(secret)
    assert "ADMIN_PASSWORD" not in environment
    assert "PGPORT" not in environment


def test_missing_programs_are_named(tmp_path: Path) -> None:
    with pytest.raises(StartRefusedError, match=f"POSTGRES_BIN={tmp_path}"):
        find_postgres(tmp_path)


def test_readiness_is_the_apis_own_word() -> None:
    class Api(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health/ready" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Api) as server:
        settings = Settings(host="0.0.0.0", port=server.server_port)  # noqa: S104
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert api_is_ready(settings)
    assert not api_is_ready(settings)


def test_product_runs_its_own_commands() -> None:
    plan = product_plan(Settings())
    assert [c.name for c in (*plan.first, *plan.keep)] == [
        "migrate",
        "bootstrap",
        "api",
        "worker",
        "beat",
    ]
    assert plan.keep[0].argv == (sys.executable, "-m", "central_config", "api")


def test_banner_leads_to_everything() -> None:
    text = banner(Settings(host="::", port=8001), Path("/data"), "login: admin\n", ready=True)
    for part in (
        "http://[::1]:8001/api/v1/docs",
        "http://127.0.0.1:9000/metrics",
        "/data",
        "login: admin",
    ):
        assert part in text
    assert reachable("config.example.org") == "config.example.org"
    assert "etrics" not in banner(Settings(metrics_port=0), Path("/d"), "", ready=True)


def test_normal_users_data_is_in_their_state_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", "/home/x/state")
    assert default_data_dir() == Path("/home/x/state/central-config")
