"""Traces arrive at a real receiver: requests of both planes, and the caller's own trace."""

import time
from pathlib import Path

from tests.support.api import ApiProcess, Workspace
from tests.support.traces import attributes, collecting

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


def test_requests_are_told_of(database_url: str, redis_url: str, tmp_path: Path) -> None:
    with collecting() as collector:
        api = ApiProcess(database_url, redis_url, tmp_path / "api.log")
        api.environment |= {"TRACES_ENDPOINT": collector.url, "TRACES_SAMPLE": "0"}
        api.bootstrap()
        api.start()
        client = api.sign_in()
        try:
            workspace = Workspace(client)
            place = workspace.place("base", "db/port")
            client.put(place, 5432)
            header = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
            read = client.request("GET", f"/config/{place}", headers=header)
            assert read.status_code == 200
            client.request("GET", f"/workspaces/{workspace.slug}", headers=header)
        finally:
            client.close()
            api.stop()
        fast = collector.wait_for("GET", f"/api/v1/config/{place}")
        slow = collector.wait_for("GET", f"/api/v1/workspaces/{workspace.slug}")
    assert fast.trace_id.hex() == TRACE
    assert fast.parent_span_id.hex() == PARENT
    told = attributes(fast)
    assert told["http.response.status_code"] == 200
    assert told["central_config.request_id"] == read.headers["x-request-id"]
    assert slow.trace_id.hex() == TRACE
    assert "{" in str(attributes(slow)["http.route"])
    # Nothing that its caller did not trace: the share that begins one is 0.
    assert {each.trace_id.hex() for each in collector.spans} == {TRACE}


def test_a_receiver_that_is_gone_disturbs_nobody(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    api = ApiProcess(database_url, redis_url, tmp_path / "api.log")
    api.environment |= {"TRACES_ENDPOINT": "http://127.0.0.1:9/v1/traces", "TRACES_SAMPLE": "1"}
    api.bootstrap()
    api.start()
    client = api.sign_in()
    try:
        assert client.request("GET", "/me").status_code == 200
    finally:
        client.close()
        began = time.monotonic()
        api.stop()
    assert time.monotonic() - began < 10
