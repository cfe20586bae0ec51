"""The supervisor as a whole: real servers and processes, stand-ins only for our own commands."""

import base64
import os
import signal
import socket
import stat
import sys
import time
from pathlib import Path

from supervised import AS_NOBODY, HERE, PATIENCE, SLEEPER, execute, living, supervisor, wait_for

# A shell that ends on SIGTERM and leaves its own child behind.
WITH_GRANDCHILD = {"name": "family", "argv": ["/bin/sh", "-c", "sleep 1000 & wait"]}
STUBBORN = {
    "name": "stubborn",
    "argv": ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"],
}
SLEEPING = ("sleep 1000 ", "/bin/sleep 1000 ")
NO_SERVERS = {
    "database_url": "postgresql://elsewhere/x",
    "redis_url": "redis://elsewhere/0",
    "master_key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}
PRINT_VARIABLES = 'printf \'%s\\n\' "$DATABASE_URL" "$REDIS_URL" "$MASTER_KEY_FILE" "$DATA_DIR"'


def shell(name: str, script: str, **options: object) -> dict[str, object]:
    return {"name": name, "argv": ["/bin/sh", "-c", script], **options}


def sleeping(data_dir: Path) -> set[int]:
    return {pid for pid, command in living(data_dir).items() if command in SLEEPING}


def python(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]


def test_first_start_second_start_and_clean_stops(data_dir: Path) -> None:
    bootstrap = shell("bootstrap", PRINT_VARIABLES, answer_is_shown=True)
    with supervisor(data_dir, first=[bootstrap], keep=[WITH_GRANDCHILD]) as first:
        first.wait_until_ready()
        database, valkey, key_file, told_data_dir = first.said().partition("Data ")[2].split()[1:5]
        assert valkey == f"unix://{data_dir}/run/valkey.sock?db=0"
        assert told_data_dir == str(data_dir)
        key = Path(key_file)
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert len(base64.b64decode(key.read_text())) == 32
        generated = key.read_text()
        execute(database, "CREATE TABLE kept (n int)")
        first.ask(signal.SIGINT)
        assert first.wait() == 0
        assert living(data_dir) == {}
    assert "Traceback" not in first.said()
    with supervisor(data_dir, keep=[SLEEPER]) as second:
        second.wait_until_ready()
        assert key.read_text() == generated
        execute(database, "INSERT INTO kept VALUES (1)")
        second.ask(signal.SIGTERM)
        assert second.wait() == 0
        assert living(data_dir) == {}


def test_killed_supervisor_leaves_nothing_running(used_data_dir: Path) -> None:
    """Granian with two workers, a Celery worker with a job in hand, and beat."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    celery = ("celery", "--workdir", str(HERE), "-A", "stand_in_services:worker")
    granian = ("granian", "--interface", "asgi", "--workers", "2", "--working-dir", str(HERE))
    keep = [
        {
            "name": "api",
            "argv": python(*granian, "--port", str(port), "stand_in_services:application"),
        },
        {
            "name": "worker",
            "argv": python(*celery, "worker", "-c", "2", "--without-gossip", "--without-mingle"),
        },
        {"name": "beat", "argv": python(*celery, "beat", "-s", str(used_data_dir / "beat"))},
    ]
    with supervisor(used_data_dir, keep=keep, port=port) as running:
        running.wait_until_ready()
        wait_for(lambda: "the long job began" in running.said())
        assert len(living(used_data_dir)) > 10
        os.kill(running.pid, signal.SIGKILL)
        wait_for(lambda: not living(used_data_dir), seconds=8)
    with supervisor(used_data_dir, keep=[SLEEPER]) as again:
        again.wait_until_ready()


def test_dead_children_and_servers_are_started_again(used_data_dir: Path) -> None:
    with supervisor(used_data_dir, keep=[SLEEPER, WITH_GRANDCHILD]) as running:
        running.wait_until_ready()
        wait_for(lambda: len(sleeping(used_data_dir)) == 2)
        family = sleeping(used_data_dir) - {running.child("sleeper")}
        for name in ("family", "sleeper", "valkey", "postgres"):
            os.kill(running.child(name), signal.SIGKILL)
        for name in ("family", "sleeper", "valkey", "postgres"):
            wait_for(lambda name=name: running.restarted(name))
        assert not family & living(used_data_dir).keys()
        ended = [e for e in running.events() if e["event"] == "child ended, will be restarted"]
        assert {e["reason"] for e in ended} == {"ended by SIGKILL"}
        running.ask(signal.SIGTERM)
        assert running.wait() == 0
        assert living(used_data_dir) == {}


def test_second_supervisor_is_refused_and_a_second_ctrl_c_hurries(data_dir: Path) -> None:
    with supervisor(data_dir, settings=NO_SERVERS, keep=[STUBBORN]) as running:
        running.wait_until_ready()
        with supervisor(data_dir, settings=NO_SERVERS, keep=[]) as second:
            assert second.wait() == 1
            assert f"process {running.pid} already serves {data_dir}" in second.said()
        begin = time.monotonic()
        running.ask(signal.SIGINT)
        time.sleep(0.5)
        assert running.process.poll() is None
        running.ask(signal.SIGINT)
        assert running.wait() == 0
        assert time.monotonic() - begin < 6
        assert living(data_dir) == {}


def test_failing_first_command_is_shown_and_everything_stops(used_data_dir: Path) -> None:
    broken = shell("migrate", "echo revision 7 does not apply >&2; exit 3")
    with supervisor(used_data_dir, first=[broken], keep=[SLEEPER]) as running:
        assert running.wait() == 1
        assert "migrate failed (exit code 3); its last output:\nrevision 7" in running.said()
        assert living(used_data_dir) == {}
    slow = shell("migrate", "echo still at it; sleep 1000", timeout=0.3)
    with supervisor(used_data_dir, settings=NO_SERVERS, first=[slow], keep=[SLEEPER]) as running:
        assert running.wait() == 1
        assert "migrate did not end within 0.3 s; its last output:\nstill" in running.said()
        assert living(used_data_dir) == {}


def test_stop_during_the_start(data_dir: Path) -> None:
    slow = shell("migrate", "sleep 1000")
    with supervisor(data_dir, settings=NO_SERVERS, first=[slow]) as running:
        wait_for(lambda: sleeping(data_dir))
        running.ask(signal.SIGINT)
        assert running.wait() == 0
        assert living(data_dir) == {}


def test_normal_user(nobodys_data_dir: Path) -> None:
    with supervisor(nobodys_data_dir, prefix=AS_NOBODY, keep=[SLEEPER]) as running:
        running.wait_until_ready()
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in living(nobodys_data_dir)}
        assert owners == {65534}
        os.kill(running.pid, signal.SIGKILL)
        wait_for(lambda: not living(nobodys_data_dir), seconds=PATIENCE / 2)


def test_configured_servers_are_used_and_the_password_is_shown_even_without_readiness(
    data_dir: Path,
) -> None:
    first = [shell("bootstrap", PRINT_VARIABLES, answer_is_shown=True)]
    nothing_listens = 1
    with supervisor(
        data_dir, settings=NO_SERVERS, first=first, keep=[SLEEPER], port=nothing_listens
    ) as running:
        wait_for(lambda: '"child": "sleeper"' in running.said())
        assert not any((data_dir / x).exists() for x in ("postgres", "valkey", "master.key"))
        running.ask(signal.SIGTERM)
        assert running.wait() == 0
        assert "not ready yet" in running.said()
        assert all(NO_SERVERS[name] in running.said() for name in ("database_url", "redis_url"))
