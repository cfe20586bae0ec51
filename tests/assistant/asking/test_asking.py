"""The way of a question: refused, parsed, planned by a model, or not understood."""

from typing import Any

import pytest
from sqlalchemy import text

from central_config.assistant.model.plans import Plan
from central_config.assistant.model.rows import Rows
from central_config.assistant.service.engine import EngineAwayError
from central_config.assistant.service.engine.doubles import ScriptedEngine
from central_config.assistant.service.executing import Executing
from central_config.core.problems import Problem
from tests.assistant.asking.conftest import World, put

pytestmark = pytest.mark.anyio

PARSED = "which keys contain port in prod"
# Rules cannot explain every word of it; a model may.
WILD = "i forgot how the gizmo for spinning up the port thingy is called in prod"


async def _audited(world: World) -> list[Any]:
    async with world.services.database.connect() as connection:
        query = text("SELECT action, details FROM cc_audit_log WHERE action LIKE 'ai.%'")
        return list(await connection.execute(query))


async def _shop(world: World) -> None:
    await world.publish("ann", put("prod", "db/port", 5432), put("prod", "db/host", "h"))
    await world.publish("bob", put("base", "secret/pw", "hunter2", secret=True))


async def test_rules_answer_without_the_model(world: World) -> None:
    await _shop(world)
    engine = ScriptedEngine([])
    answer = await world.asking(engine).ask(world.vic, PARSED)
    assert answer.planned.author == "parser"
    assert answer.rows.ids == (("prod", "db/port"),)
    assert answer.words
    assert not engine.asked
    assert not await _audited(world)


async def test_a_write_is_refused_before_anybody_thinks(world: World) -> None:
    await _shop(world)
    engine = ScriptedEngine([])
    answer = await world.asking(engine).ask(world.vic, "set db/port in prod to 6000")
    assert (answer.planned.plan.intent, answer.planned.plan.reason) == ("unsupported", "write")
    assert not answer.rows.rows
    assert not engine.asked


async def test_the_model_writes_what_rules_cannot(world: World) -> None:
    await _shop(world)
    engine = ScriptedEngine(['{"do":"find","words":["port"]}'])
    answer = await world.asking(engine).ask(world.vic, WILD)
    assert answer.planned.author == "llm"
    assert answer.planned.plan.environments == ("prod",)
    assert answer.rows.ids == (("prod", "db/port"),)
    (request,) = engine.asked
    for value in ("hunter2", "5432"):  # no value goes into a question to the model
        assert value not in request.system + request.prompt + str(request.schema)
    ((action, _),) = await _audited(world)
    assert action == "ai.called"


async def test_what_the_caller_may_not_see_is_not_shown_to_the_model(world: World) -> None:
    await _shop(world)
    await world.publish("ann", put("prod", "web/port", 80))
    engine = ScriptedEngine(['{"do":"find","words":["port"]}'])
    app = world.key("prod", prefix="db/")
    answer = await world.asking(engine).ask(app, WILD)
    assert answer.rows.ids == (("prod", "db/port"),)
    (request,) = engine.asked
    shown = request.prompt + str(request.schema) + str(request.keys)
    assert "db" in shown
    for hidden in ("web", "pw", "staging"):
        assert hidden not in shown


async def test_a_model_that_is_away_leaves_the_question_open(world: World) -> None:
    await _shop(world)
    engine = ScriptedEngine([EngineAwayError("the engine hangs")])
    answer = await world.asking(engine).ask(world.vic, WILD)
    planned = answer.planned
    assert (planned.author, planned.away) == ("none", "the engine hangs")
    assert (planned.plan.intent, planned.plan.reason) == ("unsupported", "unclear")
    assert answer.rows.notes[0].startswith("not understood without the model")


async def test_a_plan_that_lacks_something_is_not_an_error(world: World) -> None:
    await _shop(world)

    class Careless:
        async def plan(self, *_: Any) -> tuple[Plan, tuple[str, ...]]:
            return Plan(intent="compare", environments=("prod",)), ()

    asking = world.asking(ScriptedEngine([]))
    asking._planners = Careless()
    answer = await asking.ask(world.vic, WILD)
    assert (answer.planned.author, answer.planned.plan.reason) == ("llm", "unclear")
    assert "two environments" in answer.rows.notes[0]


@pytest.mark.parametrize(
    ("code", "is_the_plans"),
    [
        ("invalid-request", True),
        ("environment-not-found", True),
        ("not-ready", False),
        ("revision-conflict", False),
        ("permission-denied", False),
    ],
)
async def test_only_what_is_wrong_with_a_plan_is_the_models_doing(
    world: World, code: str, *, is_the_plans: bool
) -> None:
    """What is wrong with the service, or with the caller, is said as it always is."""
    await _shop(world)

    class Failing(Executing):
        async def run(self, *_: Any) -> Rows:
            raise Problem(code, "on purpose")

    asking = world.asking(ScriptedEngine(['{"do":"find","words":["port"]}']))
    asking._executing = Failing.__new__(Failing)
    if not is_the_plans:
        with pytest.raises(Problem, match=code):
            await asking.ask(world.vic, WILD)
        return
    answer = await asking.ask(world.vic, WILD)
    assert (answer.planned.author, answer.planned.plan.reason) == ("llm", "unclear")


async def test_known_words_that_do_not_combine_are_told_as_such(world: World) -> None:
    await _shop(world)
    engine = ScriptedEngine([EngineAwayError("the engine hangs")])
    answer = await world.asking(engine).ask(world.vic, "what is only in prod?")
    assert answer.planned.author == "none"
    (note,) = answer.rows.notes
    assert note.startswith("every word is known, but not in this combination; ")
    assert "what differs between staging and prod?" in note


async def test_where_the_caller_is_looking(world: World) -> None:
    await _shop(world)
    asking = world.asking(ScriptedEngine([]))
    answer = await asking.ask(world.vic, "which keys contain pw", "staging")
    assert answer.rows.ids == (("staging", "secret/pw"),)
    with pytest.raises(Problem, match="environment-not-found"):
        await asking.ask(world.key("prod"), "which keys contain pw", "staging")


async def test_an_edited_plan(world: World) -> None:
    await _shop(world)
    asking = world.asking(ScriptedEngine([]))
    answer = await asking.run(world.vic, Plan(intent="find", words=("host",), limit=1))
    assert answer.planned.author == "edited"
    assert answer.rows.total == 1
    for broken in (Plan(intent="explain", key="a"), Plan(intent="find", words=("a\0",))):
        with pytest.raises(Problem, match="invalid-request"):
            await asking.run(world.vic, broken)
