"""`ccfg advice` against a service with a worker of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from central_config.core.settings import celery_form, with_database_number
from tests.cli.conftest import Ccfg
from tests.support.api import ApiProcess, Client, Workspace, free_port
from tests.support.servers import cloned_database

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def server(
    template_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiProcess]:
    """An API and a worker with the AI engine on, and nobody listening where the model should be."""
    place = tmp_path_factory.mktemp("advice")
    more = {
        "AI_ENABLED": "true",
        "OLLAMA_BASE_URL": f"http://127.0.0.1:{free_port()}",
        "CELERY_BROKER_URL": celery_form(with_database_number(redis_url, 8)),  # nobody else's
    }
    with cloned_database(template_url) as url:
        api = ApiProcess(url, redis_url, place / "api.log", more)
        api.bootstrap()
        api.start()
        with (place / "worker.log").open("wb") as log:
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
            api.stop()


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
