"""Traces arrive at a real receiver: requests of both planes, and the caller's own trace."""

import contextlib
import time
from pathlib import Path

from tests.support.api import ApiProcess, Workspace
from tests.support.running import RunningApi
from tests.support.traces import attributes, collecting

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


def test_requests_are_told_of(running_api: RunningApi) -> None:
    with collecting() as collector:
        with (
            running_api(TRACES_ENDPOINT=collector.url, TRACES_SAMPLE="0") as api,
            contextlib.closing(api.sign_in()) as client,
        ):
            workspace = Workspace(client)
            place = workspace.place("base", "db/port")
            client.put(place, 5432)
            header = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
            read = client.request("GET", f"/config/{place}", headers=header)
            assert read.status_code == 200
            client.request("GET", f"/workspaces/{workspace.slug}", headers=header)
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
    bootstrapped_url: str, redis_url: str, tmp_path: Path
) -> None:
    api = ApiProcess(bootstrapped_url, redis_url, tmp_path / "api.log")
    api.environment |= {"TRACES_ENDPOINT": "http://127.0.0.1:9/v1/traces", "TRACES_SAMPLE": "1"}
    api.start()
    client = api.sign_in()
    try:
        assert client.request("GET", "/me").status_code == 200
    finally:
        client.close()
        began = time.monotonic()
        api.stop()
    assert time.monotonic() - began < 10
