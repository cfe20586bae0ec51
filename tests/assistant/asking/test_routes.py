"""Questions, plans and synonyms over HTTP, by an API with a model that says what it was told."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.api import ApiProcess, Client, Workspace
from tests.support.ollama import Canned, Fault, Ollama, serving
from tests.support.running import RunningApi

MODEL = "canned:1b"
# Rules cannot explain every word of it; a model may.
WILD = "i forgot how the gizmo for spinning up the port thingy is called in prod"


@pytest.fixture(scope="module")
def model() -> Iterator[Ollama]:
    with serving({MODEL: Canned('{"do":"find","words":["port"]}')}) as ollama:
        yield ollama


@pytest.fixture(scope="module")
def house(model: Ollama, running_api: RunningApi) -> Iterator[ApiProcess]:
    """An API with the AI engine switched on."""
    with running_api(AI_ENABLED="true", OLLAMA_BASE_URL=model.url, AI_MODEL=MODEL) as api:
        yield api


@pytest.fixture(scope="module")
def boss(house: ApiProcess) -> Iterator[Client]:
    client = house.sign_in()
    yield client
    client.close()


@pytest.fixture
def shop(boss: Client) -> Workspace:
    made = Workspace(boss)
    boss.put(made.place("base", "db/host"), "db.internal")
    boss.put(made.place("base", "db/password"), "hunter2", secret=True)
    boss.put(made.place("prod", "db/port"), 5432)
    return made


def _run(client: Client, place: Workspace, **plan: Any) -> dict[str, Any]:
    return client.ok("POST", f"{place.path}/ask/plan", json={"plan": plan})


def test_a_plan_is_run(boss: Client, shop: Workspace) -> None:
    answer = _run(boss, shop, intent="find", environments=["prod"], words=["DB"])
    assert answer["engine"] == "edited"
    assert answer["columns"][:3] == ["environment", "key", "value"]
    assert [row[:5] for row in answer["rows"]] == [
        ["prod", "db/host", "db.internal", "active", "base"],
        ["prod", "db/password", "******", "active", "base"],
        ["prod", "db/port", 5432, "active", "prod"],
    ]
    assert (answer["total"], answer["truncated"], answer["degraded"]) == (3, False, False)
    assert answer["words"]
    assert answer["revision"] == shop.revision()
    # What it says the plan was can be handed in again.
    assert _run(boss, shop, **answer["plan"])["rows"] == answer["rows"]


def test_what_was_counted_is_not_called_cut(boss: Client, shop: Workspace) -> None:
    answer = _run(boss, shop, intent="find", count=True)
    assert (answer["rows"], answer["truncated"]) == ([[7]], False)
    assert _run(boss, shop, intent="find", limit=2)["truncated"]


@pytest.mark.parametrize(
    ("plan", "pointer"),
    [
        ({"intent": "delete"}, "/plan/intent"),
        ({"intent": "find", "sql": "DROP TABLE"}, "/plan/sql"),
        ({"intent": "find", "limit": 5000}, "/plan/limit"),
        ({"intent": "find", "words": ["a"] * 21}, "/plan/words"),
        ({"intent": "find", "words": ["a\0"]}, "/plan/words/0"),
        ({"intent": "find", "since": "soon"}, "/plan/since"),
        ({"intent": "compare", "environments": ["prod"]}, "/plan/environments"),
        ({"intent": "explain", "environments": ["prod"]}, "/plan/key"),
    ],
)
def test_plans_that_are_none(
    boss: Client, shop: Workspace, plan: dict[str, Any], pointer: str
) -> None:
    answer = boss.post(f"{shop.path}/ask/plan", {"plan": plan})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_question_that_rules_refuse(boss: Client, shop: Workspace) -> None:
    before = shop.revision()
    answer = boss.ok("POST", f"{shop.path}/ask", json={"question": "delete db/host in prod"})
    assert answer["plan"]["intent"] == "unsupported"
    assert answer["plan"]["reason"] == "write"
    assert (answer["engine"], answer["degraded"], answer["rows"]) == ("parser", False, [])
    assert shop.revision() == before


def test_a_question_that_a_model_reads(boss: Client, shop: Workspace, model: Ollama) -> None:
    answer = boss.ok("POST", f"{shop.path}/ask", json={"question": WILD})
    assert (answer["engine"], answer["degraded"], answer["reason"]) == ("llm", False, None)
    assert [row[:3] for row in answer["rows"]] == [["prod", "db/port", 5432]]
    asked = len(model.chats())
    again = boss.ok("POST", f"{shop.path}/ask", json={"question": WILD})
    assert again == answer
    assert len(model.chats()) == asked, "the same question gets the same plan"
    # A new value is no reason to ask again, and is in the answer.
    boss.put(shop.place("prod", "db/port"), 6000)
    fresh = boss.ok("POST", f"{shop.path}/ask", json={"question": WILD})
    assert [row[2] for row in fresh["rows"]] == [6000]
    assert len(model.chats()) == asked
    params = {"workspace": shop.slug, "action": "ai.called"}
    events = boss.ok("GET", "/audit", params=params)["items"]
    assert len(events) == 3
    assert "gizmo" not in str(events)


def test_a_question_that_only_a_model_could_read(
    boss: Client, shop: Workspace, model: Ollama
) -> None:
    model.fault = Fault.BUSY
    answer = boss.ok("POST", f"{shop.path}/ask", json={"question": f"well, {WILD}"})
    assert (answer["engine"], answer["degraded"]) == ("none", True)
    assert answer["reason"]
    assert answer["rows"] == []
    # What rules understand is answered as ever.
    known = boss.ok("POST", f"{shop.path}/ask", json={"question": "which keys contain port"})
    assert (known["engine"], known["degraded"], known["total"]) == ("parser", False, 1)
    model.fault = Fault.NONE


@pytest.mark.parametrize("question", ["x" * 501, "a\0b"])
def test_questions_that_are_none(boss: Client, shop: Workspace, question: str) -> None:
    answer = boss.post(f"{shop.path}/ask", {"question": question})
    assert answer.status_code == 422


def test_an_unknown_environment(boss: Client, shop: Workspace) -> None:
    body = {"question": "show db/host", "environment": "nowhere"}
    answer = boss.post(f"{shop.path}/ask", body)
    assert (answer.status_code, answer.json()["code"]) == (404, "environment-not-found")
    answer = boss.post(
        f"{shop.path}/ask/plan", {"plan": {"intent": "find", "environments": ["nowhere"]}}
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "environment-not-found")


def test_a_key_asks_within_its_scope(house: ApiProcess, boss: Client, shop: Workspace) -> None:
    token = shop.key(environments=["prod"], key_prefix="db/p", secrets=True)
    app = house.with_token(token)
    answer = _run(app, shop, intent="find")
    assert [row[1:3] for row in answer["rows"]] == [["db/password", "******"], ["db/port", 5432]]
    body = {"plan": {"intent": "find", "environments": ["base"]}}
    assert app.post(f"{shop.path}/ask/plan", body).status_code == 404
    assert app.request("PUT", f"{shop.path}/synonyms/x", json={"words": ["y"]}).status_code == 403
    elsewhere = Workspace(boss)
    assert app.post(f"{elsewhere.path}/ask", {"question": "show keys"}).status_code == 404
    app.close()


def test_synonyms(boss: Client, shop: Workspace) -> None:
    path = f"{shop.path}/synonyms"
    built_in = boss.ok("GET", path)["items"]
    assert all(each["built_in"] for each in built_in)
    saved = boss.ok("PUT", f"{path}/The  Shop", json={"words": ["Storefront", "web"]})
    assert (saved["said"], saved["words"]) == ("the shop", ["storefront", "web"])
    boss.ok("PUT", f"{path}/database", json={"words": ["oracle"]})
    found = {each["said"]: each for each in boss.ok("GET", path)["items"]}
    assert found["database"]["words"] == ["oracle"]
    assert not found["database"]["built_in"]
    assert found["database"]["updated_by"] == "admin"
    assert boss.request("DELETE", f"{path}/database").status_code == 204
    found = {each["said"]: each for each in boss.ok("GET", path)["items"]}
    assert found["database"]["built_in"]
    assert boss.request("DELETE", f"{path}/database").status_code == 404
    assert boss.request("PUT", f"{path}/x", json={"words": []}).status_code == 422
    assert boss.request("PUT", f"{path}/x", json={"words": [" "]}).status_code == 422
    events = boss.ok("GET", "/audit", params={"workspace": shop.slug})["items"]
    kinds = [each["action"] for each in events if each["action"].startswith("synonym.")]
    assert kinds == ["synonym.deleted", "synonym.saved", "synonym.saved"]


def test_switched_off(admin: Client, workspace: Workspace) -> None:
    for method, path, body in (
        ("POST", "ask", {"question": "show keys"}),
        ("POST", "ask/plan", {"plan": {"intent": "find"}}),
        ("GET", "synonyms", None),
        ("PUT", "synonyms/x", {"words": ["y"]}),
        ("DELETE", "synonyms/x", None),
    ):
        answer = admin.request(method, f"{workspace.path}/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (503, "ai-disabled"), path
