"""Idempotency-Key: a request that is sent again is carried out once and answered as before."""

import time
from concurrent.futures import ThreadPoolExecutor

from central_config.core.ids import new_id
from tests.support.api import ApiProcess, Client, Workspace


def test_repeated_request_is_answered_as_before(workspace: Workspace, admin: Client) -> None:
    headers = {"Idempotency-Key": f"k-{new_id()}"}
    body = {"message": "m", "edits": [{"environment": "base", "key": "a", "value": 1}]}
    path = f"{workspace.path}/changes"
    first = admin.post(path, body, headers=headers)
    again = admin.post(path, body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["location"] == again.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    assert len(admin.ok("GET", path)["items"]) == 1


def test_repeated_request_for_a_key_gives_the_same_token(
    workspace: Workspace, admin: Client, server: ApiProcess
) -> None:
    headers = {"Idempotency-Key": f"k-{new_id()}"}
    body = {"name": "once", "workspace": workspace.slug}
    tokens = [admin.post("/keys", body, headers=headers).json()["token"] for _ in range(3)]
    assert len(set(tokens)) == 1
    assert len(admin.ok("GET", "/keys", params={"workspace": workspace.slug})["items"]) == 1
    client = server.with_token(tokens[0])
    assert client.values(workspace.place("base")) == {}
    client.close()


def test_repeats_of_others_are_others(
    workspace: Workspace, admin: Client, reviewer: Client
) -> None:
    headers = {"Idempotency-Key": f"k-{new_id()}"}
    body = {"name": "once", "workspace": workspace.slug}
    tokens = {
        each.post("/keys", body, headers=headers).json()["token"] for each in (admin, reviewer)
    }
    assert len(tokens) == 2


def test_repeat_needs_credentials_that_still_hold(workspace: Workspace, server: ApiProcess) -> None:
    client = server.sign_in()
    headers = {"Idempotency-Key": f"k-{new_id()}"}
    body = {"name": "once", "workspace": workspace.slug}
    token = client.ok("POST", "/keys", json=body, headers=headers)["token"]
    client.ok("DELETE", "/sessions/current")
    until = time.monotonic() + 6
    while (answer := client.post("/keys", body, headers=headers)).is_success:
        assert time.monotonic() < until, "answers are repeated to a session that has ended"
    # 429 after many wrong tokens from here, which other tests send; either way nothing is told.
    assert answer.status_code in {401, 429}, answer.text
    assert token not in answer.text
    client.close()


def test_same_request_many_times_at_once_is_carried_out_once(
    workspace: Workspace, admin: Client
) -> None:
    headers = {"Idempotency-Key": f"k-{new_id()}"}
    body = {"message": "m", "edits": [{"environment": "base", "key": "a", "value": 1}]}
    path = f"{workspace.path}/changes"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: admin.post(path, body, headers=headers), range(16)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert len(admin.ok("GET", path)["items"]) == 1


def test_refusal_is_repeated_too(workspace: Workspace, admin: Client) -> None:
    headers = {"Idempotency-Key": f"k-{new_id()}"}
    body = {"message": "m", "edits": [{"environment": "nowhere", "key": "a", "value": 1}]}
    path = f"{workspace.path}/changes"
    codes = [admin.post(path, body, headers=headers).json()["code"] for _ in range(2)]
    assert codes == ["environment-not-found"] * 2
