"""Every question to the model is counted, timed, cached and in the audit log."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest
from prometheus_client import REGISTRY

from central_config.access.model import Caller, Principal, WorkspaceRef
from central_config.assistant.cache.answers import Answers
from central_config.assistant.service.engine import EngineAwayError, EngineBusyError, Reply
from central_config.assistant.service.engine.calls import Calls
from central_config.assistant.service.engine.doubles import ScriptedEngine
from central_config.assistant.service.engine.ollama import OllamaEngine
from central_config.audit.model import SYSTEM, Record
from central_config.audit.service import AuditService
from central_config.core.clock import SystemClock
from central_config.core.db import Database, open_database
from central_config.core.ids import new_id
from central_config.core.settings import Settings
from tests.assistant.engine.conftest import ANSWER, MODEL, plan, words
from tests.support.api import free_port
from tests.support.ollama import Fault, Ollama

pytestmark = pytest.mark.anyio

QUESTION = "who set the password to hunter2?"


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    made = open_database(settings.require_database_url(), settings)
    yield made
    await made.dispose()


@pytest.fixture
def caller() -> Caller:
    principal = Principal("user", new_id(), "ada", {})
    actor = principal.actor("request-1", "192.0.2.7")
    return Caller(principal, actor, WorkspaceRef(new_id(), "bank"))


async def events(database: Database) -> list[Record]:
    """Return what the audit log holds, oldest first."""
    found = await AuditService(database).page({}, None, 100)
    return found[::-1]


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, for some seconds."""
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it does not come about")


def told(event: Record) -> dict[str, Any]:
    """Return the details of an event."""
    return json.loads(event.details)


class Counted:
    """How much the metrics rise from here on."""

    def __init__(self) -> None:
        self._before = self._all()

    @staticmethod
    def _all() -> dict[str, float]:
        found: dict[str, float] = {}
        for metric in REGISTRY.collect():
            if metric.name.startswith(("central_config_ai", "central_config_cache")):
                for sample in metric.samples:
                    found[" ".join((sample.name, *sample.labels.values()))] = sample.value
        return found

    def rises(self) -> dict[str, float]:
        name = "central_config_ai_operation"
        shown = {
            f"{name}s_total ": "",
            f"{name}_duration_seconds_count ": "timed ",
            "central_config_cache_requests_total answers ": "cache ",
        }
        return {
            short + key.removeprefix(start): value - self._before.get(key, 0)
            for key, value in self._all().items()
            for start, short in shown.items()
            if key.startswith(start) and value != self._before.get(key, 0)
        }


async def test_an_answer_is_counted_and_written_down(
    database: Database, caller: Caller, engine: OllamaEngine, ollama: Ollama
) -> None:
    counted = Counted()
    reply = await Calls(engine, database, SystemClock()).ask(caller, plan(QUESTION))
    assert reply.text == ANSWER
    assert counted.rises() == {"plan ok": 1, "timed plan": 1, "cache miss": 1}
    (event,) = await events(database)
    assert (event.action, event.target, event.actor_name) == ("ai.called", "bank", "ada")
    assert (event.request_id, event.client_ip) == ("request-1", "192.0.2.7")
    assert event.chain == caller.place.id
    details = told(event)
    assert details.pop("milliseconds") > 0
    assert details == {
        "answer": {"environment": "prod"},
        "digest": ollama.models[MODEL].brain.digest,
        "keys": ["app/timeout", "db/host"],
        "model": MODEL,
        "outcome": "ok",
        "prompt_version": "7",
        "purpose": "plan",
    }


@pytest.fixture
async def shared(settings: Settings) -> AsyncIterator[tuple[Answers, Answers]]:
    """What two processes keep together."""
    pair = Answers.of(settings), Answers.of(settings)
    yield pair
    for each in pair:
        await each.close()


async def test_the_same_question_is_asked_once(
    database: Database,
    caller: Caller,
    engine: OllamaEngine,
    ollama: Ollama,
    shared: tuple[Answers, Answers],
) -> None:
    calls = Calls(engine, database, SystemClock(), shared[0])
    first = await calls.ask(caller, plan(QUESTION + caller.place.id.hex))
    counted = Counted()
    elsewhere = Calls(engine, database, SystemClock(), shared[1])
    again = await elsewhere.ask(caller, plan(QUESTION + caller.place.id.hex))
    assert again == Reply(
        text=first.text,
        model=MODEL,
        digest=first.digest,
        seconds=first.seconds,
        cached=True,
    )
    assert len(ollama.chats()) == 1
    assert counted.rises() == {"cache hit": 1}
    assert [told(event)["outcome"] for event in await events(database)] == ["ok", "cached"]


async def test_another_question_model_or_prompt_is_asked(
    database: Database, caller: Caller, engine: OllamaEngine, ollama: Ollama
) -> None:
    answers = Answers()
    calls = Calls(engine, database, SystemClock(), answers)
    await calls.ask(caller, plan(QUESTION))
    await calls.ask(caller, plan(QUESTION + "!"))
    assert len(ollama.chats()) == 2
    ollama.models[MODEL].brain.digest = "another"
    engine._known_until = 0.0
    await calls.ask(caller, plan(QUESTION))
    assert len(ollama.chats()) == 3
    await Calls(ScriptedEngine([ANSWER]), database, SystemClock(), answers).ask(
        caller, plan(QUESTION)
    )


async def test_words_about_values_are_not_kept(
    database: Database, caller: Caller, engine: OllamaEngine, ollama: Ollama
) -> None:
    calls = Calls(engine, database, SystemClock())
    for _ in range(2):
        assert not (await calls.ask(caller, words())).cached
    assert len(ollama.chats()) == 2
    assert [told(event)["answer"] for event in await events(database)] == [None, None]


async def test_a_cached_answer_outlives_the_engine(
    database: Database, caller: Caller, engine: OllamaEngine, ollama: Ollama
) -> None:
    calls = Calls(engine, database, SystemClock())
    await calls.ask(caller, plan(QUESTION))
    ollama.fault = Fault.DOWN
    engine._known_until = 0.0
    assert (await calls.ask(caller, plan(QUESTION))).cached


async def test_a_failure_is_counted_and_written_down(
    database: Database, caller: Caller, engine: OllamaEngine, ollama: Ollama
) -> None:
    calls = Calls(engine, database, SystemClock())
    await engine.digest()
    ollama.fault = Fault.HANG_MIDWAY
    counted = Counted()
    with pytest.raises(EngineAwayError):
        await calls.ask(caller, plan(QUESTION))
    assert counted.rises() == {"plan error": 1, "timed plan": 1, "cache miss": 1}
    (event,) = await events(database)
    assert told(event)["outcome"] == "error"
    assert "did not answer within" in str(told(event)["reason"])
    assert "hunter2" not in str(told(event))


async def test_an_engine_that_rests_is_an_error_that_took_no_time(
    database: Database, caller: Caller, engine: OllamaEngine, ollama: Ollama
) -> None:
    calls = Calls(engine, database, SystemClock())
    await engine.digest()
    ollama.fault = Fault.BUSY
    counted = Counted()
    for _ in range(5):
        with pytest.raises(EngineAwayError, match="503"):
            await calls.ask(caller, words())
    assert len(ollama.chats()) == 3
    assert counted.rises() == {"review error": 5, "timed review": 3}


async def test_a_question_that_is_given_up_is_written_down(
    database: Database, caller: Caller, ollama: Ollama
) -> None:
    """Its asker hung up, or the process ends: the model was shown the keys all the same."""
    ollama.fault = Fault.HANG_MIDWAY
    engine = OllamaEngine(ollama.url, MODEL)
    asking = asyncio.create_task(Calls(engine, database, SystemClock()).ask(caller, plan(QUESTION)))
    await until(lambda: bool(ollama.chats()))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    (event,) = await events(database)
    details = told(event)
    assert details.pop("milliseconds") > 0
    assert (details["outcome"], details["keys"]) == ("cancelled", ["app/timeout", "db/host"])
    assert "hunter2" not in str(details)
    await engine.close()


async def test_whoever_cancels_again_and_again_still_leaves_an_event(
    database: Database, caller: Caller, ollama: Ollama
) -> None:
    ollama.fault = Fault.HANG_MIDWAY
    engine = OllamaEngine(ollama.url, MODEL)
    async with anyio.create_task_group() as group:
        group.start_soon(Calls(engine, database, SystemClock()).ask, caller, plan(QUESTION))
        await until(lambda: bool(ollama.chats()))
        group.cancel_scope.cancel()
    for _ in range(500):
        if found := await events(database):
            break
        await asyncio.sleep(0.02)
    assert [told(each)["outcome"] for each in found] == ["cancelled"]
    await engine.close()


async def test_nobody_but_operators_is_told_where_the_engine_is(
    database: Database, caller: Caller
) -> None:
    port = free_port()
    engine = OllamaEngine(f"http://127.0.0.1:{port}", MODEL)
    with pytest.raises(EngineAwayError) as raised:
        await Calls(engine, database, SystemClock()).ask(caller, plan(QUESTION))
    (event,) = await events(database)
    assert told(event)["reason"] == "the AI engine cannot be reached"
    assert str(port) not in str(raised.value)
    assert str(port) in raised.value.whole
    await engine.close()


async def test_an_engine_that_is_away_from_the_start_is_counted(
    database: Database, caller: Caller
) -> None:
    engine = OllamaEngine(f"http://127.0.0.1:{free_port()}", MODEL)
    counted = Counted()
    with pytest.raises(EngineAwayError, match="cannot be reached"):
        await Calls(engine, database, SystemClock()).ask(caller, plan(QUESTION))
    assert counted.rises()["plan error"] == 1
    await engine.close()


async def test_busy_is_no_error_of_the_engine(database: Database, caller: Caller) -> None:
    engine = ScriptedEngine([EngineBusyError("busy")])
    counted = Counted()
    with pytest.raises(EngineBusyError):
        await Calls(engine, database, SystemClock()).ask(caller, words())
    assert counted.rises() == {"review busy": 1}
    assert told((await events(database))[0])["outcome"] == "busy"


async def test_a_job_asks_in_the_name_of_whoever_it_is_for(database: Database) -> None:
    calls = Calls(ScriptedEngine(["because"]), database, SystemClock())
    await calls.ask_as(SYSTEM, None, words())
    (event,) = await events(database)
    assert (event.actor_kind, event.target) == ("system", "")


async def test_what_cannot_be_written_down_is_not_answered(caller: Caller) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    away = open_database(url, Settings(database_url=url, database_pool_timeout=1))
    calls = Calls(ScriptedEngine(["because"]), away, SystemClock())
    async with asyncio.timeout(20):
        with pytest.raises(EngineAwayError, match="write down"):
            await calls.ask(caller, words())
    await away.dispose()


async def test_the_series_exist_before_the_first_question(database: Database) -> None:
    Calls(ScriptedEngine([]), database, SystemClock())
    for purpose in ("plan", "review", "doctor"):
        labels = {"operation": purpose, "outcome": "error"}
        total = REGISTRY.get_sample_value("central_config_ai_operations_total", labels)
        assert total is not None
