"""Requests made up from the OpenAPI document: whatever comes in, the server never fails."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.api import ApiProcess, Client, Workspace

# Ends the session or changes the password that the next requests need; streams without an end.
LEFT_OUT = {"end_session", "change_password", "create_session", "watch"}
# Are sent with addresses made up, so that the next requests find something.
HARMFUL = {"delete_workspace"}
EXAMPLES = 8


def send(operation: Any, known: dict[str, str], url: str, token: str) -> list[str]:
    """Send requests made up for an operation, some about what there is; return the failures."""
    failures: list[str] = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), place=st.booleans())
    def one(case: Any, place: bool) -> None:  # noqa: FBT001 - drawn, not passed
        if place and case.path_parameters:
            names = [each for each in case.path_parameters if each in known]
            case.path_parameters.update({each: known[each] for each in names})
        headers = {"Authorization": f"Bearer {token}"}
        answer = case.call(base_url=url, headers=headers, timeout=30)
        # The assistant is off here, and says so: its own tests ask it.
        off = answer.status_code == 503 and answer.json()["code"] == "ai-disabled"
        if answer.status_code >= 500 and not off:
            failures.append(f"{answer.status_code} {case.as_curl_command()}"[:1500])

    one()
    return failures


@pytest.mark.timeout(300)
def test_no_request_makes_the_server_fail(
    server: ApiProcess, admin: Client, workspace: Workspace
) -> None:
    edits = [{"environment": "base", "key": "a", "value": 1}]
    change = admin.ok("POST", f"{workspace.path}/changes", json={"message": "", "edits": edits})
    real = {
        "workspace": workspace.slug,
        "environment": "base",
        "key": "a",
        "change": change["id"],
        "revision": "3",
    }
    client = server.sign_in()
    assert client.token is not None
    schema = schemathesis.openapi.from_dict(admin.ok("GET", "/openapi.json"))
    failures: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        if name not in LEFT_OUT:
            known = {} if name in HARMFUL else real
            failures += send(operation, known, server.url, client.token)
    assert failures == []
    assert admin.get(workspace.path).status_code == 200
    client.close()
