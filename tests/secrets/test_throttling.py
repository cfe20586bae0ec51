"""Guessing is slow, and leaves lines an operator can search for."""

import json

import pytest

from central_config.core.ids import new_id
from tests.secrets.planting import Planted
from tests.secrets.search import canary, found_in
from tests.support.api import ADMIN, ApiProcess

PER_USER, PER_ADDRESS = 5, 20


@pytest.fixture
def guarded(planted: Planted) -> ApiProcess:
    """An API that counts apart: every test of this machine comes from one address."""
    return planted.api


def lines(api: ApiProcess, message: str) -> list[dict[str, object]]:
    found = (json.loads(line) for line in api.log.read_text().splitlines() if line[:1] == "{")
    return [line for line in found if line.get("message") == message]


def test_failed_sign_ins(guarded: ApiProcess) -> None:
    wrong = canary("password")
    client = guarded.anonymous()
    statuses = []
    for _ in range(PER_USER + 1):
        answer = client.post("/sessions", {"username": "Somebody", "password": wrong})
        statuses.append(answer.status_code)
        assert wrong not in answer.text
    assert statuses == [401] * PER_USER + [429]
    assert answer.json()["code"] == "too-many-requests"
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    client.close()
    told = lines(guarded, "invalid credentials")
    assert len(told) == PER_USER + 1
    assert {(each["client_ip"], each["username"]) for each in told} == {("127.0.0.1", "somebody")}
    assert [each["throttled"] for each in told] == [False] * PER_USER + [True]
    assert found_in({"password": wrong}, guarded.log.read_text()) == set()
    guarded.sign_in(ADMIN).close()  # one name that is guessed locks nobody else out


def test_wrong_tokens(guarded: ApiProcess) -> None:
    admin = guarded.sign_in()
    token = f"cc_abcdefgh_{new_id().hex}{new_id().hex}"[:55]
    stranger = guarded.with_token(token)
    answers = [stranger.get("/me") for _ in range(PER_ADDRESS + 1)]
    stranger.close()
    assert [each.status_code for each in answers] == [401] * PER_ADDRESS + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert all(each.headers["www-authenticate"].startswith("Bearer") for each in answers[:-1])
    told = lines(guarded, "authentication failed")
    assert len(told) == PER_ADDRESS + 1
    assert {(each["client_ip"], each["key_prefix"]) for each in told} == {
        ("127.0.0.1", "cc_abcdefgh")
    }
    assert token not in guarded.log.read_text()
    assert admin.get("/me").status_code == 200  # who is right is never held up
    admin.close()
