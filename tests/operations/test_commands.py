"""`ccfg job` and `ccfg maintenance`, with a worker and a scheduler at work."""

import io
import json
from collections.abc import Iterator

import pytest

from central_config.cli.errors import CONFLICT, NOT_FOUND, REFUSED, USAGE
from central_config.cli.jobs import Live
from central_config.core.ids import new_id
from tests.cli.conftest import Ccfg, bare, home
from tests.operations.conftest import process, until
from tests.support.api import ApiProcess, Client

__all__ = ["bare", "home"]


@pytest.fixture(scope="module")
def at_work(
    api: ApiProcess, worker: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    del worker
    with process("beat", api.environment, tmp_path_factory.mktemp("at-work") / "beat.log"):
        yield


@pytest.fixture
def ccfg(
    bare: Ccfg,
    api: ApiProcess,
    operator: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> Ccfg:
    assert operator.token is not None
    monkeypatch.setenv("CENTRAL_CONFIG_URL", api.url)
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", operator.token)
    return bare


@pytest.mark.usefixtures("at_work")
def test_maintenance_is_run_and_its_report_read(ccfg: Ccfg) -> None:
    done = ccfg("maintenance", "run", "weekly", "--wait", "-o", "json")
    assert done.code == (0 if done.data["status"] == "ok" else REFUSED), done.err
    assert {"vacuum", "response times"} <= {each["name"] for each in done.data["sections"]}
    shown = ccfg("maintenance", "report", done.data["id"])
    assert shown.code == done.code
    assert "vacuum" in shown.out
    written = ccfg("maintenance", "report", "weekly", "-o", "markdown")
    assert written.out.startswith(f"# maintenance.weekly: {done.data['status']}\n")
    assert "| vacuum | ok |" in written.out
    assert ccfg("maintenance", "report", "latest", "-o", "json").data["kind"]
    listed = ccfg("maintenance", "reports", "--kind", "maintenance.weekly", "-o", "json")
    assert done.data["id"] in {each["id"] for each in listed.data}
    counted = ", ".join(f"{n} {status}" for status, n in done.data["counts"].items())
    assert counted in ccfg("maintenance", "reports").out
    watched = ccfg("maintenance", "run", "hourly", "--wait")
    assert watched.code == 0
    assert "maintenance.hourly  done" in watched.err


@pytest.mark.usefixtures("at_work")
def test_what_runs_by_itself_is_listed_switched_and_started(ccfg: Ccfg) -> None:
    until(lambda: "audit.verify" in ccfg("job", "schedules").out, "the schedule")
    off = ccfg("job", "schedules", "--disable", "maintenance.monthly", "-o", "json")
    plan = {each["name"]: each for each in off.data}
    assert plan["maintenance.monthly"]["enabled"] is False
    assert plan["maintenance.daily"]["every_seconds"] == 86_400
    assert "never" in ccfg("job", "schedules").out
    assert "NO" not in ccfg("job", "schedules", "--enable", "maintenance.monthly").out
    begun = ccfg("job", "start", "maintenance.hourly")
    assert begun.code == 0
    assert "ccfg job watch" in begun.err
    done = ccfg("job", "start", "maintenance.hourly", "--wait", "-o", "json")
    assert (done.code, done.data["status"]) == (0, "done")
    assert ccfg("job", "start", "no.such").code == NOT_FOUND
    assert ccfg("job", "schedules", "--enable", "no.such").code == NOT_FOUND


@pytest.mark.usefixtures("at_work")
def test_jobs_are_listed_shown_and_watched(ccfg: Ccfg) -> None:
    done = ccfg("job", "start", "maintenance.hourly", "--wait", "-o", "json").data
    listed = ccfg("job", "list", "--kind", "maintenance.hourly", "--status", "done", "-o", "json")
    assert done["id"] in {each["id"] for each in listed.data}
    assert done["id"] in ccfg("job", "list").out
    shown = ccfg("job", "show", done["id"])
    assert "deleted" in shown.out
    watched = ccfg("job", "watch", done["id"])
    assert watched.code == 0
    assert "maintenance.hourly  done" in watched.err
    assert ccfg("job", "retry", done["id"]).code == CONFLICT
    assert ccfg("job", "cancel", done["id"]).code == CONFLICT
    assert ccfg("job", "show", str(new_id())).code == NOT_FOUND


def test_what_makes_no_sense(ccfg: Ccfg) -> None:
    assert ccfg("maintenance", "run", "daily", "--apply").code == USAGE
    assert ccfg("maintenance", "run", "yearly").code == USAGE
    assert ccfg("maintenance", "report", "no.such").code == REFUSED
    refused = ccfg("maintenance", "report", str(new_id()), "-o", "json")
    assert refused.code == NOT_FOUND
    assert json.loads(refused.err)["code"] == "not-found"


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_is_one_line_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    job = {"kind": "a.b", "status": "running", "progress": None, "note": "", "attempts": 1}
    steps = [
        {**job, "error": None},
        {**job, "error": None, "progress": 0.5, "note": "a long word about it"},
        {**job, "error": "no room", "status": "failed", "attempts": 2},
    ]
    for screen in (Screen(), io.StringIO()):
        monkeypatch.setattr("sys.stderr", screen)
        tell = Live()
        for each in steps:
            tell(each)
        said = screen.getvalue()
        assert "a.b  running  50%  a long word about it" in said
        assert "a.b  failed  (run 2)  - no room" in said
        if screen.isatty():
            assert said.count("\r") == 3
            assert said.endswith("\n")
            assert said.count("\n") == 1
        else:
            assert said.count("\n") == 3
