"""`ccfg advice` against a service with a worker of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from central_config.core.settings import celery_form, with_database_number
from tests.cli.conftest import Ccfg
from tests.support.api import ApiProcess, Client, Workspace
from tests.support.running import RunningApi, without_model

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def server(
    running_api: RunningApi, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiProcess]:
    """An API and a worker with the AI engine on, and nobody listening where the model should be."""
    queue = celery_form(with_database_number(redis_url, 8))  # nobody else's
    with running_api(**without_model(), CELERY_BROKER_URL=queue) as api:
        with (tmp_path_factory.mktemp("advice") / "worker.log").open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "central_config", "worker"],
                env={**api.environment, "HOME": os.environ["HOME"]},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield api
        finally:
            worker.terminate()
            worker.wait(20)


@pytest.fixture(scope="module")
def admin(server: ApiProcess) -> Iterator[Client]:
    client = server.sign_in()
    yield client
    client.close()


def test_from_a_scan_to_drafts_and_reasons(ccfg: Ccfg, workspace: Workspace) -> None:
    for key in ("a", "b"):
        workspace.admin.put(workspace.place("base", key), 1)
        workspace.admin.put(workspace.place("prod", key), 1)
    assert "Not scanned yet" in ccfg("advice", "list").err
    assert ccfg("advice", "scan", "--wait").err == "scanned\n"
    listed = ccfg("advice", "list")
    assert "prod sets a to what base has anyway" in " ".join(listed.out.split())
    assert "Scanned" in listed.err
    first, second = ccfg("advice", "list", "-o", "json").data

    shown = " ".join(ccfg("advice", "show", first["id"]).out.split())
    assert "Readers get the same value; from then on prod follows base." in shown
    assert "prod a remove" in shown
    drafted = ccfg("advice", "accept", first["id"])
    assert drafted.err.startswith("draft ")
    change = ccfg("change", "list", "--status", "draft", "-o", "json").data[0]
    assert change["message"] == f"Recommended: {first['title']}"

    assert ccfg("advice", "dismiss", second["id"]).code != 0  # it wants a reason
    told = ccfg("advice", "dismiss", second["id"], "--reason", "pinned")
    assert told.err == f"{second['id']} dismissed\n"
    assert ccfg("advice", "list", "-o", "json").data == []
    assert "pinned" in ccfg("advice", "show", second["id"]).out
    assert ccfg("advice", "scan", "--wait").code == 0
    assert ccfg("advice", "list", "-o", "json").data == []
    kept = ccfg("advice", "list", "--status", "all", "--kind", "redundant", "-o", "json").data
    assert sorted(each["status"] for each in kept) == ["accepted", "dismissed"]
