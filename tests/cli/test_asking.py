"""`ccfg ask`, `ccfg synonym` and `ccfg activity` against a server that runs without a model."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from central_config.assistant.model.plans import Plan
from central_config.cli.commands.ask import _said
from central_config.cli.errors import NOT_FOUND, UNREACHABLE, USAGE
from tests.cli.conftest import Ccfg
from tests.support.api import ApiProcess, Client, Workspace

PARSED = Path(__file__).parents[1] / "assistant" / "parser"


@pytest.fixture(scope="module")
def server(modelless: ApiProcess) -> ApiProcess:
    return modelless


@pytest.fixture(scope="module")
def admin(server: ApiProcess) -> Iterator[Client]:
    client = server.sign_in()
    yield client
    client.close()


def test_a_question_by_rules(ccfg: Ccfg, workspace: Workspace) -> None:
    ccfg("set", "db/host", "db.internal", "-m", "first")
    ccfg("set", "db/port", "5432")
    said = ccfg("ask", "which", "keys", "contain", "port", "in", "prod")
    assert said.code == 0
    assert [line.split() for line in said.out.splitlines()][1][:3] == ["prod", "db/port", "5432"]
    assert "understood by rules" in said.err
    found = ccfg("ask", "which keys contain port in prod", "-o", "json").data
    assert (found["engine"], found["total"]) == ("parser", 1)
    assert workspace.revision() == ccfg("ask", "who changed db/port", "-o", "json").data["revision"]


def test_the_plan_is_shown_edited_and_run(ccfg: Ccfg, tmp_path: Path) -> None:
    ccfg("set", "db/host", "db.internal")
    ccfg("set", "db/port", "5432")
    plan = ccfg("ask", "which keys contain port in prod", "--plan").data
    assert plan == {"intent": "find", "environments": ["prod"], "words": ["port"]}
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({**plan, "words": ["host"]}))
    shown = ccfg("ask", "--file", str(file), "-o", "json").data
    assert [row[1] for row in shown["rows"]] == ["db/host"]
    assert shown["engine"] == "edited"
    again = ccfg("ask", "--file", "-", "-o", "json", stdin=json.dumps({"intent": "find"})).data
    assert again["total"] == 2


@pytest.mark.parametrize("tenant", ["shop", "dotted"])
def test_a_plan_that_is_shown_is_the_plan(tenant: str) -> None:
    rows = (PARSED / f"{tenant}.jsonl").read_text().splitlines()
    plans = [each["plan"] for each in map(json.loads, rows) if each["plan"] is not None]
    assert plans
    for each in plans:
        plan = msgspec.convert(each, Plan)
        assert msgspec.convert(_said(msgspec.to_builtins(plan)), Plan) == plan


@pytest.mark.parametrize("name", ["own", "secret", "newest"])
def test_no_is_said_in_a_plan(name: str) -> None:
    assert _said({"intent": "find", name: False, "count": False}) == {"intent": "find", name: False}


def test_a_plan_that_says_no_is_run_as_it_was_asked(ccfg: Ccfg, tmp_path: Path) -> None:
    ccfg("set", "db/host", "inherited", "-e", "base")
    ccfg("set", "db/port", "5432", "-e", "staging")
    question = "inherited keys in staging"
    file = tmp_path / "plan.json"
    file.write_text(ccfg("ask", question, "--plan").out)
    asked = ccfg("ask", question, "-o", "json").data
    run = ccfg("ask", "--file", str(file), "-o", "json").data
    assert [row[1] for row in run["rows"]] == ["db/host"]
    assert (run["plan"], run["rows"]) == (asked["plan"], asked["rows"])


def test_a_plan_of_nothing_says_why(ccfg: Ccfg) -> None:
    said = ccfg("ask", "wherefore doth yonder blorptastic zindlewurst", "--plan")
    assert (said.code, said.data) == (0, {"intent": "unsupported", "reason": "unclear"})
    assert "the model could not be asked: the AI engine cannot be reached\n" in said.err
    assert "blorptastic" in said.err, "the words that were not understood"
    written = ccfg("ask", "set db/port in prod to 6000", "--plan")
    assert "only reads" in written.err


def test_what_is_no_question(ccfg: Ccfg, tmp_path: Path) -> None:
    assert ccfg("ask").code == USAGE
    assert ccfg("ask", "which keys", "--file", "x").code == USAGE
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    assert ccfg("ask", "--file", str(broken)).code == USAGE
    broken.write_text('{"intent": "drop"}')
    refused = ccfg("ask", "--file", str(broken))
    assert refused.code not in {0, UNREACHABLE}
    assert "/plan/intent" in refused.err


def test_a_question_nobody_understands_says_why(ccfg: Ccfg) -> None:
    said = ccfg("ask", "wherefore doth yonder gadget flummox the blorptastic zindlewurst")
    assert said.code == 0
    assert "the model could not be asked" in said.err


def test_more_than_is_shown(ccfg: Ccfg) -> None:
    for number in range(3):
        ccfg("set", f"k{number}", "1")
    said = ccfg(
        "ask", "--file", "-", stdin='{"intent": "find", "environments": ["prod"], "limit": 2}'
    )
    assert "3 found; the first 2 are shown" in said.err


def test_synonyms(ccfg: Ccfg) -> None:
    ccfg("set", "storefront/theme", "dark")
    assert "storefront" in ccfg("synonym", "set", "Shop", "storefront").err
    assert [each["said"] for each in ccfg("synonym", "list", "--own", "-o", "json").data] == [
        "shop"
    ]
    assert "(built in)" in ccfg("synonym", "list").out
    found = ccfg("ask", "show the keys of the shop in prod", "-o", "json").data
    assert [row[1] for row in found["rows"]] == ["storefront/theme"]
    assert ccfg("synonym", "delete", "shop").code == 0
    assert ccfg("synonym", "delete", "shop").code == NOT_FOUND


def test_a_synonym_with_a_slash(ccfg: Ccfg) -> None:
    ccfg("set", "storefront/theme", "dark")
    assert ccfg("synonym", "set", "web/shop", "storefront").code == 0
    found = ccfg("ask", "show the keys of the web/shop in prod", "-o", "json").data
    assert [row[1] for row in found["rows"]] == ["storefront/theme"]
    assert ccfg("synonym", "delete", "web/shop").code == 0
    assert ccfg("synonym", "list", "--own", "-o", "json").data == []


def test_activity(ccfg: Ccfg) -> None:
    ccfg("set", "db/host", "a", "-m", "first")
    ccfg("set", "db/host", "b", "-e", "base")
    assert ccfg("rm", "db/host").code == 0
    items = ccfg("activity", "-o", "json").data
    assert [(each["environment"], each["action"], each["value"]) for each in items] == [
        ("prod", "remove", None),
        ("base", "set", "b"),
        ("prod", "set", "a"),
    ]
    assert [each["value"] for each in ccfg("activity", "-e", "base", "-o", "json").data] == ["b"]
    assert ccfg("activity", "db/", "--action", "set", "--by", "admin", "-o", "json").data
    before = ("--since", "2020-01-01T00:00:00Z", "--until", "3d ago")
    assert not ccfg("activity", *before, "-o", "json").data
    assert "first" in ccfg("activity", "--oldest-first", "-n", "1").out
    assert ccfg("activity", "--since", "42").code == USAGE
