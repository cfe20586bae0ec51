"""Plans as data, consent, how things stand together, and the journal: nothing is broken here."""

import json
import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from central_config.core.clock import SystemClock
from central_config.core.db import connect_arguments, open_connection
from central_config.core.json import JSON
from central_config.core.settings import Settings
from central_config.playbooks.commands import ops
from central_config.playbooks.model.errors import RefusedError
from central_config.playbooks.model.findings import Finding, Findings, Status
from central_config.playbooks.model.plans import (
    Advice,
    Call,
    ClearCache,
    File,
    Http,
    Kubectl,
    Plan,
    Program,
    Redis,
    Signal,
    Sql,
    Step,
    changed,
    decode_plan,
    encode_plan,
)
from central_config.playbooks.model.runs import Done, health_of
from central_config.playbooks.service import planning
from central_config.playbooks.service.acting import carry_out
from central_config.playbooks.service.catalogue import playbooks
from central_config.playbooks.service.confirming import Consent, agree
from central_config.playbooks.service.journal import BrokenJournalError, Journal
from central_config.playbooks.service.playbook import Where
from central_config.playbooks.service.plays import disk_full, redis_lost, slow, system_down
from central_config.playbooks.service.world import World
from central_config.playbooks.store import database, statements
from central_config.playbooks.store.proc import standing
from central_config.supervisor import ballast
from central_config.supervisor.paths import Paths

CALLS: tuple[Call, ...] = (
    Sql("SELECT $1", (["1:2:3"],), admin=True),
    Redis(("PING",)),
    ClearCache("central_config:snapshot:"),
    Http("GET", "http://127.0.0.1:1/"),
    Kubectl(("rollout", "restart", "deployment/x")),
    Signal("api", 1, 2, "SIGKILL"),
    File("remove", "/x"),
    Program(("a",), {"B": "c"}, "/dev/null"),
    Advice("think"),
)


def step(call: Call, hits: str = "") -> Step:
    return Step(
        what=f"do {call.__class__.__name__} {hits}",
        call=call,
        effect="e",
        blast_radius="b",
        undo="u",
        check="c",
        destructive=bool(hits),
        hits=hits,
    )


def plan(*steps: Step, preconditions: dict[str, JSON] | None = None) -> Plan:
    return Plan(
        id="1",
        playbook="redis-lost",
        target="local",
        place="/x",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        created_by="me@here",
        findings=(Finding("a.b", Status.BAD, "said", {"list": [1, {"x": None}]}),),
        preconditions=preconditions or {"process api": {"pid": 1, "started": 2}},
        steps=steps,
    )


def test_a_plan_survives_its_file() -> None:
    made = plan(*(step(each) for each in CALLS))
    assert decode_plan(encode_plan(made)) == made
    for text in (b"", b"{}", encode_plan(made).replace(b'"remove"', b'"truncate"')):
        with pytest.raises(ValueError):
            decode_plan(text)


def test_a_destructive_step_says_what_it_hits() -> None:
    with pytest.raises(ValueError, match="does not say what it hits"):
        Step(
            what="w",
            call=CALLS[0],
            effect="",
            blast_radius="",
            undo="",
            check="",
            destructive=True,
        )


def test_preconditions_are_compared_by_value_and_others_may_have_come() -> None:
    was: dict[str, JSON] = {"a": {"x": 1, "y": 2}, "b": [1]}
    assert changed(was, {"b": [1], "a": {"y": 2, "x": 1}, "c": 0}) == []
    assert changed(was, {"a": {"x": 1, "y": 3}}) == [
        'a: was {"x":1,"y":2}, is {"x":1,"y":3}',
        "b: was [1], is gone",
    ]


@pytest.mark.parametrize(
    ("statuses", "health"),
    [
        ({"a": Status.OK, "b": Status.OK}, "well"),
        ({"a": Status.OK, "b": Status.WARNING}, "well"),
        ({"a": Status.OK}, "unknown"),
        ({"a": Status.OK, "b": Status.SKIPPED}, "unknown"),
        ({"a": Status.WARNING, "b": Status.UNKNOWN}, "unknown"),
        ({"a": Status.BAD, "b": Status.UNKNOWN}, "broken"),
        ({}, "unknown"),
    ],
)
def test_what_nobody_looked_at_is_never_well(statuses: dict[str, Status], health: str) -> None:
    found = Findings(Finding(name, status, "") for name, status in statuses.items())
    assert health_of(found, ("a", "b")) == health


def test_a_warning_is_not_good_enough_where_it_is_strict() -> None:
    found = Findings([Finding("a", Status.WARNING, "")])
    assert health_of(found, ("a",), ("a",)) == "broken"


def test_no_check_at_all_is_not_known() -> None:
    assert health_of(Findings([]), ()) == "unknown"


def test_consent() -> None:
    harmless, harmful = step(CALLS[1]), step(CALLS[0], "session 1")
    both = plan(harmless, harmful, step(CALLS[-1]))
    whole = Consent(yes=True, names=("session 1",), reason="because")
    assert list(agree(both, whole).steps) == [1, 2]
    assert list(agree(both, Consent(yes=True, steps=(1,))).steps) == [1]
    for lacking in (
        Consent(),
        Consent(yes=True),
        Consent(yes=True, names=("session 1",)),
        Consent(yes=True, names=("session 1",), reason="  "),
        Consent(yes=True, names=("session 11",), reason="because"),
        Consent(names=("session 1",), reason="because"),
        Consent(yes=True, steps=(4,)),
        Consent(yes=True, reason="because", ask=lambda _: "yes"),
    ):
        with pytest.raises(RefusedError):
            agree(both, lacking)


def test_consent_is_asked_for_once_for_each_name() -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return {"Thi": "session 1\n", "Why": "because\n", "Car": "y\n"}[question[:3]]

    made = plan(step(CALLS[0], "session 1"), step(CALLS[0], "session 1"), step(CALLS[1]))
    assert agree(made, Consent(ask=ask)).reason == "because"
    assert len(asked) == 3


@pytest.fixture
def here(tmp_path: Path) -> World:
    """An installation that never ran, but has a directory."""
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("18")
    return World(Settings(data_dir=tmp_path))


@pytest.mark.anyio
async def test_no_plan_removes_what_lies_elsewhere_or_is_postgresqls(
    here: World, tmp_path: Path
) -> None:
    outside = tmp_path.with_name("precious")
    outside.write_text("x")
    (tmp_path / "link").symlink_to(outside)
    cluster = tmp_path / "postgres"
    for each in (
        outside,
        tmp_path / "link",
        cluster / "PG_VERSION",
        cluster,
        tmp_path / "master.key",
        tmp_path / "log" / "serve.log",
        tmp_path / "../precious",
    ):
        came = await carry_out(here, File("remove", str(each)))
        assert came.outcome is Done.FAILED, each
    assert outside.exists()
    file = tmp_path / "ballast"
    file.write_text("x")
    assert (await carry_out(here, File("remove", str(file)))).outcome is Done.DONE
    assert (await carry_out(here, File("remove", str(file)))).outcome is Done.NOT_NEEDED


@pytest.mark.anyio
async def test_a_signal_hits_no_successor(here: World) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:  # noqa: ASYNC220
        found = standing(process.pid)
        assert found is not None
        other = Signal("sleep", process.pid, found.started + 1, "SIGKILL")
        assert (await carry_out(here, other)).outcome is Done.NOT_NEEDED
        assert process.poll() is None
        this = Signal("sleep", process.pid, found.started, "SIGKILL")
        assert (await carry_out(here, this)).outcome is Done.DONE


@pytest.mark.anyio
async def test_a_cache_is_cleared_by_its_prefix_and_by_nothing_less(
    redis_url: str, tmp_path: Path
) -> None:
    import redis

    client = redis.Redis.from_url(redis_url)
    client.mset({f"ops[x]*:{number}": "1" for number in range(1200)})
    client.set("opsx:other", "1")
    world = World(Settings(data_dir=tmp_path, redis_url=redis_url))
    came = await carry_out(world, ClearCache("ops[x]*:"))
    assert (came.outcome, came.detail) == (Done.DONE, "1200 keys removed")
    assert client.exists("opsx:other")
    assert (await carry_out(world, ClearCache(""))).outcome is Done.FAILED
    client.delete("opsx:other")
    client.close()


def test_the_journal_tells_a_change_and_forgives_a_torn_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in range(3):
        journal.append({"kind": "begun", "run": str(number), "process": [1 << 22, 0]})
    assert journal.path.stat().st_mode & 0o777 == 0o600
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[:-5])
    assert [each["run"] for each in journal.entries()] == ["0", "1"]
    journal.append({"kind": "begun", "run": "3", "process": [1 << 22, 0]})
    assert [each["run"] for each in journal.entries()] == ["0", "1", "3"]

    lines = whole.splitlines(keepends=True)
    for broken in (
        whole.replace(b'"run":"1"', b'"run":"9"'),
        lines[0] + lines[2],
        lines[1] + lines[2],
        lines[0] + lines[1] + b"{}\n",
        lines[0] + b"\xff\n" + lines[1],
        lines[0] + lines[0],
    ):
        journal.path.write_bytes(broken)
        with pytest.raises(BrokenJournalError):
            journal.entries()


def test_a_run_that_was_cut_off_waits_as_interrupted_and_one_under_way_does_not(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path)
    own = standing(os.getpid())
    assert own is not None
    journal.append({"kind": "begun", "run": "cut", "process": [1 << 22, 0]})
    journal.append({"kind": "begun", "run": "mine", "process": [own.pid, own.started]})
    journal.append({"kind": "begun", "run": "old", "process": [own.pid, own.started - 1]})
    waiting = {str(each["run"]): each["outcome"] for each in journal.pending()}
    assert waiting == {"cut": "interrupted", "old": "interrupted"}
    journal.append({"kind": "ended", "run": "mine", "outcome": "well"})
    journal.append({"kind": "merged", "run": "cut"})
    waiting = {str(each["run"]): each["outcome"] for each in journal.pending()}
    assert waiting == {"mine": "well", "old": "interrupted"}


def test_two_runs_keep_out_of_each_others_way(tmp_path: Path) -> None:
    with (
        Journal(tmp_path).held(),
        pytest.raises(RefusedError, match="under way"),
        Journal(tmp_path).held(),
    ):
        pass
    with Journal(tmp_path).held():
        pass


def test_every_playbook_is_whole() -> None:
    rules = Path(__file__).parents[2] / "deploy" / "monitoring" / "rules"
    alerts = set(re.findall(r"alert: (\w+)", "".join(each.read_text() for each in rules.iterdir())))
    names = [each.name for each in playbooks()]
    assert len(set(names)) == len(names)
    assert names[:5] == ["system-down", "slow", "database-connections", "redis-lost", "disk-full"]
    for each in playbooks():
        assert each.symptoms, each.name
        assert each.healthy, each.name
        assert set(each.strict) <= set(each.healthy)
        assert each.plan, each.name
        assert set(each.alerts) <= alerts, each.name
        assert json.dumps([each.title, *each.notes]).isascii(), each.name


HERE = Where(target="local", data_dir="/x", start=("serve",))


def child(name: str, age: int, *, stopped: bool = False) -> dict[str, JSON]:
    return {"name": name, "pid": 7, "started": 70, "stopped": stopped, "age_seconds": age}


def machine_with(*children: dict[str, JSON], **bad: str) -> Findings:
    """A machine on which `bad` (check with `_` for `.`) is bad."""
    running: dict[str, JSON] = {"running": True, "process": child("supervisor", 999)}
    return Findings(
        [
            Finding("supervisor.running", Status.OK, "", running),
            Finding("supervisor.children", Status.OK, "", {"processes": list(children)}),
            *(Finding(name.replace("_", "."), Status.BAD, said) for name, said in bad.items()),
        ]
    )


def test_a_process_that_hangs_is_ended_but_not_one_that_only_starts() -> None:
    hung = system_down.local(machine_with(child("api", 100), api_live="no answer"), HERE)
    assert [each.call for each in hung.steps] == [Signal("api", 7, 70, "SIGKILL")]
    assert hung.steps[0].hits == "api"
    assert hung.preconditions == {"process api": {"pid": 7, "started": 70, "stopped": False}}
    starting = system_down.local(machine_with(child("api", 10), api_live="no answer"), HERE)
    assert starting.steps == ()
    redis = child("valkey-server", 100)
    made = redis_lost.local(machine_with(redis, redis_reachable="no answer"), HERE)
    assert [each.call for each in made.steps] == [Signal("valkey-server", 7, 70, "SIGKILL")]
    made = redis_lost.local(machine_with(child("valkey-server", 3), redis_reachable="x"), HERE)
    assert [each.is_advice for each in made.steps] == [True]


def test_where_all_connections_are_taken_the_other_playbook_is_named() -> None:
    found = machine_with(child("api", 100), database_reachable="sorry, too many clients already")
    assert [each.call for each in system_down.local(found, HERE).steps] == [
        Advice("central-config ops run database-connections")
    ]


def test_only_inactive_slots_that_keep_much_are_dropped() -> None:
    def plan_for(kept: int) -> list[str]:
        slots: dict[str, JSON] = {"inactive": ["old"], "retained_bytes": kept}
        found = Findings(
            [
                Finding("disk.space", Status.BAD, ""),
                Finding("database.slots", Status.WARNING, "", slots),
            ]
        )
        return [each.hits for each in disk_full.local(found, HERE).steps if each.destructive]

    assert plan_for(2**30 - 1) == []
    assert plan_for(2**31) == ["old"]


def test_somebody_elses_session_is_never_hit() -> None:
    head = {"pid": 5, "session": "5:1:1", "application": "walreceiver", "seconds": 1, "ours": False}
    found = Findings([Finding("locks.blocking", Status.BAD, "", {"heads": [head]})])
    assert [each.is_advice for each in slow.local(found, HERE).steps] == [True]


def test_a_ballast_is_no_hole_and_is_laid_once(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    size = ballast.lay(paths)
    assert 0 < size <= ballast.LARGEST
    assert paths.ballast.stat().st_mode & 0o777 == 0o600
    assert ballast.size_of(paths.ballast) >= size
    made = paths.ballast.stat().st_ino
    assert ballast.lay(paths) == size
    assert paths.ballast.stat().st_ino == made
    paths.ballast.unlink()
    assert ballast.size_of(paths.ballast) == 0


def test_a_plan_somebody_else_could_have_written_is_refused(tmp_path: Path) -> None:
    """Whoever applies a plan does what it says: starts programs, asks as a superuser."""
    path, elsewhere = tmp_path / "plan", tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    path.symlink_to(elsewhere)
    ops._save(path, plan())
    assert elsewhere.read_text() == "precious", "a link is not followed"
    assert path.stat().st_mode & 0o777 == 0o600
    assert ops._read(path) == plan()
    path.chmod(0o666)
    with pytest.raises(RefusedError, match="others may write"):
        ops._read(path)
    if os.geteuid() == 0:
        path.chmod(0o600)
        os.chown(path, 65534, 65534)
        with pytest.raises(RefusedError, match="belongs to somebody else"):
            ops._read(path)


@pytest.mark.anyio
async def test_a_plan_of_another_machine_is_refused(tmp_path: Path) -> None:
    """Every machine may have the same data directory."""
    (tmp_path / "postgres").mkdir()
    here = World(Settings(data_dir=tmp_path))
    now = SystemClock()
    playbook = next(each for each in playbooks() if each.name == "redis-lost")
    mine = await planning.make_plan(here, playbook, (), now)
    await planning.refuse_strange(here, mine, now)
    with pytest.raises(RefusedError, match="on other, not on"):
        await planning.refuse_strange(here, msgspec.structs.replace(mine, machine="other"), now)


@pytest.mark.anyio
async def test_a_backup_that_holds_its_moment_is_not_taken_for_a_sleeper(database_url: str) -> None:
    names = ("central-config-backup", "central-config-restore", "stray")
    sessions = []
    try:
        for name in names:
            made = await open_connection(
                **connect_arguments(database_url), server_settings={"application_name": name}
            )
            sessions.append(made)
            await made.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        asked = statements.lasting(statements.IDLE_IN_TRANSACTION, 0)
        found = await database.rows(database_url, asked, (), 5.0)
    finally:
        for each in sessions:
            each.terminate()
    assert [each["application"] for each in found] == ["stray"]
