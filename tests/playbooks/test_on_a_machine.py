"""The real thing is broken, and the playbooks mend it: commands as processes, exit codes and all.

The tests share a machine and run in order; each leaves it well.
"""

import asyncio
import io
import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.crash.load import wait_for
from tests.crash.one_machine import living
from tests.playbooks.machines import Said, Site

pytestmark = pytest.mark.timeout(200)

PLAYBOOKS = ("system-down", "slow", "database-connections", "redis-lost", "disk-full")


def ready(machine: Site) -> bool:
    url = f"http://127.0.0.1:{machine.variables['PORT']}/health/ready"
    try:
        return httpx2.get(url, timeout=3, trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_where_all_is_well_there_is_nothing_to_do(machine: Site, playbook: str) -> None:
    before = machine.state()
    # A computer that has just begun everything, with other tests beside it, may be slow in earnest.
    said, plan = _until_well(machine, playbook)
    assert said.json["health"] == "well"
    assert said.to_do == []
    assert plan.stat().st_mode & 0o777 == 0o600
    assert machine.state() == before
    assert machine.journal() == []


def _until_well(machine: Site, playbook: str) -> tuple[Said, Path]:
    for _ in range(5):
        said, plan = machine.run(playbook)
        if said.code == 0:
            break
        time.sleep(2)
    return said, plan


def test_a_strange_name_is_refused(machine: Site) -> None:
    said = machine.ops("run", "no-such")
    assert said.code == 2
    assert "redis-lost" in said.err


def test_a_halted_redis_is_let_go_on(machine: Site) -> None:
    redis = machine.pid("valkey-server")
    os.kill(redis, signal.SIGSTOP)
    said, plan = machine.run("redis-lost")
    assert said.code == 1
    assert said.finding("redis.reachable")["status"] == "bad"
    # Neither the dry run nor a refused apply lets it go on.
    assert machine.apply(plan).code == 2
    assert _is_halted(redis)
    assert ready(machine), "reads and writes go on without Redis"

    done = machine.apply(plan, "--yes")
    assert done.code == 0, done.out + done.err
    assert machine.pid("valkey-server") == redis
    run = done.json["run"]
    assert run["recorded"] == "the audit log"
    assert [each["outcome"] for each in run["steps"]] == ["done"]
    row = machine.sql("SELECT * FROM cc_audit_log WHERE target = $1", f"run:{run['id']}")
    assert len(row) == 1
    assert row[0]["action"] == "ops.applied"
    assert row[0]["actor_name"].count("@") == 1
    details = json.loads(row[0]["details"])
    assert details["plan"] == json.loads(plan.read_bytes())["id"]
    assert details["steps"][0]["outcome"] == "done"
    assert details["outcome"] == "well"

    # What the plan rests on is gone: the process is not halted any more.
    again = machine.apply(plan, "--yes")
    assert again.code == 2
    assert "changed" in again.err
    assert "process valkey-server" in again.err


def _is_halted(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def test_a_redis_that_was_killed_comes_back_by_itself(machine: Site) -> None:
    redis = machine.pid("valkey-server")
    os.kill(redis, signal.SIGKILL)
    wait_for(lambda: machine.state().get("valkey-server", redis) != redis)
    wait_for(lambda: machine.run("redis-lost")[0].code == 0, 40)


def test_a_plan_is_good_for_this_place_and_a_quarter_of_an_hour(machine: Site) -> None:
    _, plan = machine.run("redis-lost")
    found = json.loads(plan.read_bytes())
    plan.write_text(json.dumps({**found, "created_at": "2020-01-01T00:00:00Z"}))
    old = machine.apply(plan, "--yes")
    assert (old.code, "minutes old" in old.err) == (2, True)
    plan.write_text(json.dumps({**found, "place": "/elsewhere"}))
    elsewhere = machine.apply(plan, "--yes")
    assert (elsewhere.code, "/elsewhere" in elsewhere.err) == (2, True)


def test_a_halted_api_is_let_go_on(machine: Site) -> None:
    api = machine.pid("api")
    os.killpg(api, signal.SIGSTOP)
    said, plan = machine.run("system-down")
    assert said.code == 1
    assert said.finding("api.live")["status"] == "bad"
    assert said.to_do == [f"Let api (process {api}) go on"]
    done = machine.apply(plan, "--yes")
    assert done.code == 0, done.out + done.err
    assert machine.pid("api") == api
    assert ready(machine)


async def _sleepers(machine: Site, application: str, count: int, *, begin: bool) -> list[Any]:
    found: list[Any] = []
    for _ in range(count):
        try:
            connection = await machine.connect(application)
        except Exception:  # noqa: BLE001 - all connections are taken: that is wanted
            break
        if begin:
            await _open(connection)
        found.append(connection)
    return found


async def _alive(connections: list[Any]) -> int:
    asked = (each.execute("SELECT 1") for each in connections)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    return sum(not isinstance(each, Exception) for each in answers)


def test_sessions_that_sleep_in_a_transaction_are_ended_and_no_others(machine: Site) -> None:
    async def scenario() -> None:
        idle = await _sleepers(machine, "a-pool", 5, begin=False)
        other = await _sleepers(machine, "nightly", 1, begin=True)
        asleep = await _sleepers(machine, "stray-report", 120, begin=True)
        try:
            assert len(asleep) > 60
            await asyncio.sleep(1.2)
            done = await asyncio.to_thread(_free_connections, machine)
            # One step of two was chosen: who the other one would hit is untouched.
            outcomes = sorted(each["outcome"] for each in done.json["run"]["steps"])
            assert outcomes == ["done", "not chosen"]
            assert done.code == 1, "somebody sleeps still"
            assert await _alive(idle) == 5, "idle connections of a pool are nobody's to end"
            assert await _alive(asleep) == 0
            assert await _alive(other) == 1
        finally:
            for each in (*idle, *other, *asleep):
                each.terminate()

    asyncio.run(scenario())
    wait_for(lambda: machine.run("database-connections", "--idle-minutes", "0.01")[0].code == 0, 30)


def _free_connections(machine: Site) -> Said:
    said, plan = machine.run("database-connections", "--idle-minutes", "0.01")
    assert said.code == 1, said.out
    assert said.finding("sessions.connections")["status"] == "bad"
    steps = said.json["plan"]["steps"]
    hits = [each["hits"] for each in steps if each.get("destructive")]
    assert sorted(hits) == ["nightly", "stray-report"]
    number = str(hits.index("stray-report") + 1)
    # Who does not type the name, or gives no reason, is refused, and nothing happens.
    assert machine.apply(plan, "--yes", "--confirm", "stray", "--reason", "a test").code == 2
    assert machine.apply(plan, "--step", number, "--confirm", "stray-report").code == 2
    consent = ("--step", number, "--confirm", "stray-report", "--reason", "a test")
    done = machine.apply(plan, *consent, "--patience", "0")
    run = done.json["run"]["id"]
    found = machine.sql("SELECT details FROM cc_audit_log WHERE target = $1", f"run:{run}")
    assert [json.loads(each["details"])["reason"] for each in found] == ["a test"]
    return done


def test_who_holds_up_others_is_cancelled_or_ended_and_the_queue_goes_on(machine: Site) -> None:
    async def scenario() -> None:
        forgotten, busy = await machine.connect("forgotten"), await machine.connect("busy")
        bystander = await machine.connect("bystander")
        waiters = [await machine.connect("waiter") for _ in range(2)]
        try:
            await _open(bystander)
            await _open(forgotten, "LOCK TABLE cc_user IN ACCESS EXCLUSIVE MODE")
            await _open(busy, "LOCK TABLE cc_job IN ACCESS EXCLUSIVE MODE")
            working = asyncio.create_task(busy.execute("SELECT pg_sleep(120)"))
            waiting = [
                asyncio.create_task(each.fetchval("SELECT count(*) FROM " + table))  # noqa: S608
                for each, table in zip(waiters, ("cc_user", "cc_job"), strict=True)
            ]
            await asyncio.sleep(5.5)
            assert not any(each.done() for each in waiting)
            done = await asyncio.to_thread(_free_queues, machine, forgotten, busy)
            assert done.code == 0, done.out + done.err
            steps = {
                each["what"]: each["outcome"]
                for each in done.json["run"]["steps"]
                if each["outcome"] != "left to you"
            }
            sleeper, worker = forgotten.get_server_pid(), busy.get_server_pid()
            assert steps == {
                f"End session {sleeper} (forgotten) where it is still at it": "done",
                f"Cancel the statement of session {worker} (busy)": "done",
                # The lock went with the statement: the session is left alone.
                f"End session {worker} (busy) where it is still at it": "not needed",
            }
            with pytest.raises(Exception, match="cancel"):
                await working
            await asyncio.wait_for(asyncio.gather(*waiting), 10)
            assert await _alive([busy, bystander]) == 1, "an aborted transaction answers no more"
            await busy.execute("ROLLBACK")
            assert await _alive([busy, bystander]) == 2
        finally:
            for each in (forgotten, busy, bystander, *waiters):
                each.terminate()

    asyncio.run(scenario())


async def _open(connection: Any, statement: str = "SELECT 1") -> None:
    await connection.execute("SET idle_in_transaction_session_timeout = 0")
    await connection.execute("BEGIN")
    await connection.execute(statement)


def _free_queues(machine: Site, forgotten: Any, busy: Any) -> Said:
    said, plan = machine.run("slow")
    assert said.code == 1, said.out
    names = [f"session {each.get_server_pid()}" for each in (forgotten, busy)]
    steps = said.json["plan"]["steps"]
    assert {each["hits"] for each in steps if each.get("hits")} == set(names)
    confirm = [word for name in names for word in ("--confirm", name)]
    return machine.apply(plan, *confirm, "--reason", "a test")


def test_with_the_database_away_a_run_is_in_the_journal_and_later_in_the_log_once(
    machine: Site,
) -> None:
    redis, postgres = machine.pid("valkey-server"), machine.pid("postgres")
    os.kill(redis, signal.SIGSTOP)
    _, plan = machine.run("redis-lost")
    os.kill(postgres, signal.SIGSTOP)  # takes no new connections; those there are go on
    try:
        done = machine.apply(plan, "--yes", "--patience", "0")
        assert done.code == 3, "whether jobs drain cannot be told without the database"
        run = done.json["run"]
        assert "ops-journal.jsonl" in run["recorded"]
        assert [each["kind"] for each in machine.journal()][-2:] == ["begun", "ended"]
        said, mend = machine.run("system-down")
        assert said.to_do == [f"Let postgres (process {postgres}) go on"]
        mended = machine.apply(mend, "--yes")
        assert mended.code == 0, mended.out + mended.err
    finally:
        os.kill(postgres, signal.SIGCONT)
    assert mended.json["run"]["recorded"] == "the audit log"
    assert machine.recorded(mended.json["run"]["id"]) == 1
    assert machine.recorded(run["id"]) == 1
    # The power goes between the log's commit and the journal's mark.
    journal = machine.data_dir / "ops-journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[-1])["entry"]["kind"] == "merged"
    journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    assert machine.run("redis-lost")[0].code == 0
    assert machine.recorded(run["id"]) == machine.recorded(mended.json["run"]["id"]) == 1
    assert machine.journal()[-1]["kind"] == "merged"


def test_a_journal_that_was_changed_is_set_aside_and_the_log_says_so(machine: Site) -> None:
    journal = machine.data_dir / "ops-journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"redis-lost"', b'"other-lost"', 1))
    machine.run("redis-lost")
    aside = list(machine.data_dir.glob("ops-journal.broken-*.jsonl"))
    assert len(aside) == 1
    found = machine.sql("SELECT target FROM cc_audit_log WHERE action = 'ops.journal_broken'")
    assert [each["target"] for each in found] == [aside[0].name]
    assert [each["kind"] for each in machine.journal()] == ["broken"]


def test_a_full_disk_gets_room_and_loses_no_acknowledged_write(machine: Site) -> None:
    if not machine.on_small_disk:
        pytest.skip("NOT TESTED: a full disk. This user may not mount a small file system")
    ballast = machine.paths.ballast
    assert ballast.stat().st_size >= 2**20
    assert ballast.stat().st_blocks * 512 >= ballast.stat().st_size, "a hole is no ballast"
    machine.sql("CREATE TABLE filled (n int, x text)")
    filler = machine.data_dir / "filler"
    try:
        _fill(filler)
        acknowledged = _write_until_refused(machine)
        said, plan = machine.run("disk-full")
        assert said.code == 1, said.out
        assert said.finding("disk.space")["status"] == "bad"
        assert said.to_do[0].startswith("Release the ballast")
        done = machine.apply(plan, "--yes", "--patience", "30")
    finally:
        filler.unlink()
    found = {each["check"]: each["status"] for each in done.json["run"]["findings"]}
    assert found["database.writes"] == found["api.ready"] == "ok", done.out
    # The ballast gives time: where the disk is almost full still, nobody says that it is mended.
    assert done.code == (1 if found["disk.space"] == "bad" else 0), done.out + done.err
    assert not ballast.exists()
    assert machine.recorded(done.json["run"]["id"]) == 1, done.out
    kept = machine.sql("SELECT count(*)::int AS n FROM filled")[0]["n"]
    assert kept >= acknowledged
    machine.sql("DROP TABLE filled")
    assert machine.run("disk-full")[0].code == 0
    assert machine.ops("ballast").code == 0
    assert ballast.exists()


class Endless(io.RawIOBase):
    def read(self, size: int = -1) -> bytes:
        return b"x" * min(size, 2**18)


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        shutil.copyfileobj(Endless(), file)


def _write_until_refused(machine: Site) -> int:
    acknowledged = 0
    try:
        for number in range(2000):
            row = "INSERT INTO filled SELECT $1, repeat(md5(random()::text), 2000)"
            machine.sql(row + " FROM generate_series(1, 20)", number)
            acknowledged += 20
    except Exception:  # noqa: BLE001 - refused, or cut off: that is wanted
        return acknowledged
    pytest.fail("the disk took everything")


def test_a_supervisor_that_was_killed_is_started(machine: Site) -> None:
    assert machine.machine is not None
    machine.machine.process.kill()
    machine.machine.process.wait(10)
    wait_for(lambda: not living(machine.data_dir), 30)
    said, plan = machine.run("system-down")
    assert said.code == 1
    assert said.to_do[0] == "Start everything on this machine"
    call = said.json["plan"]["steps"][0]["call"]
    assert call["argv"][-1] == "serve"
    assert call["variables"]["PORT"] == machine.variables["PORT"]
    assert not living(machine.data_dir), "a dry run starts nothing"
    began = time.monotonic()
    done = machine.apply(plan, "--yes")
    assert done.code == 0, done.out + done.err
    assert time.monotonic() - began < 90
    assert ready(machine)
    assert machine.recorded(done.json["run"]["id"]) == 1
    # What the plan rests on: no supervisor ran.
    assert machine.apply(plan, "--yes").code == 2
