"""The engine over Ollama's wire, with the official client: what is sent, and every failure."""

import asyncio
import time

import pytest

from central_config.assistant.service.engine import (
    EngineAwayError,
    EngineBusyError,
    EngineRestingError,
)
from central_config.assistant.service.engine.ollama import OllamaEngine
from tests.assistant.engine.conftest import ANSWER, MODEL, QUICK, SCHEMA, plan, words
from tests.support.api import free_port
from tests.support.ollama import Canned, Fault, Ollama, serving

pytestmark = pytest.mark.anyio


async def test_an_answer(engine: OllamaEngine, ollama: Ollama) -> None:
    reply = await engine.ask(plan())
    assert reply.text == ANSWER
    assert (reply.model, reply.digest) == (MODEL, ollama.models[MODEL].brain.digest)
    assert 0 < reply.seconds < 5
    assert not reply.cached


async def test_what_is_sent(engine: OllamaEngine, ollama: Ollama) -> None:
    await engine.ask(plan("where?"))
    (body,) = ollama.chats()
    assert body["model"] == MODEL
    assert [each["role"] for each in body["messages"]] == ["system", "user"]
    assert body["messages"][1]["content"] == "where?"
    assert body["format"] == SCHEMA
    assert body["options"] == {"num_ctx": 2048, "num_predict": 50, "seed": 1, "temperature": 0}
    assert (body["stream"], body["think"], body["keep_alive"]) == (True, False, "600s")


async def test_warming_up_loads_for_the_same_context(engine: OllamaEngine, ollama: Ollama) -> None:
    await engine.warm_up()
    assert ollama.models[MODEL].is_loaded
    assert ollama.models[MODEL].context == 2048
    await engine.ask(plan())
    contexts = {body["options"]["num_ctx"] for path, body in ollama.asked if path == "/api/chat"}
    assert contexts == {2048}, "Ollama would load the model anew"


FAILURES = {
    Fault.DOWN: "answered 500: llama runner process has terminated",
    Fault.PAGE: "cannot be read",
    Fault.BUSY: "answered 503: server busy",
    Fault.HANG: "did not answer within",
    Fault.HANG_MIDWAY: "did not answer within",
    Fault.TRUNCATED: "broke off in the middle of its answer",
    Fault.CUT: "broke off",
    Fault.ERROR_MIDWAY: "an error was encountered while running the model",
    Fault.GARBLED: "cannot be read",
    Fault.PROSE: "no JSON",
    Fault.OTHER_SCHEMA: "not of the form asked for",
    Fault.ENDLESS: "cut for its length",
}


def test_every_fault_has_its_words() -> None:
    assert FAILURES.keys() == set(Fault) - {Fault.NONE}


@pytest.mark.parametrize("fault", FAILURES, ids=str)
async def test_a_failure_is_said_in_words_and_ends(
    engine: OllamaEngine, ollama: Ollama, fault: Fault
) -> None:
    ollama.fault = fault
    began = time.monotonic()
    with pytest.raises(EngineAwayError) as raised:
        await engine.ask(plan())
    assert FAILURES[fault] in raised.value.whole
    assert ollama.url not in raised.value.reason
    assert time.monotonic() - began < QUICK["plan"] + 2
    ollama.fault = Fault.NONE
    assert (await engine.ask(plan())).text == ANSWER


@pytest.mark.parametrize("fault", [Fault.PROSE, Fault.ENDLESS], ids=str)
async def test_free_text_may_be_anything(
    engine: OllamaEngine, ollama: Ollama, fault: Fault
) -> None:
    ollama.fault = fault
    assert (await engine.ask(words())).text


async def test_nothing_said_is_a_failure() -> None:
    with serving({MODEL: Canned("")}) as ollama:
        engine = OllamaEngine(ollama.url, MODEL)
        with pytest.raises(EngineAwayError, match="said nothing"):
            await engine.ask(words())
        await engine.close()


async def test_nobody_listens() -> None:
    engine = OllamaEngine(f"http://127.0.0.1:{free_port()}", MODEL)
    with pytest.raises(EngineAwayError, match="cannot be reached") as raised:
        await engine.ask(plan())
    assert raised.value.reason == "the AI engine cannot be reached"
    assert raised.value.whole.endswith(f"cannot be reached: at {engine.address}")
    with pytest.raises(EngineAwayError, match="cannot be reached"):
        await engine.warm_up()
    await engine.close()


async def test_the_model_is_missing_and_then_fetched() -> None:
    with serving({"other:1b": Canned("x")}, on_disk={MODEL: Canned(ANSWER)}) as ollama:
        engine = OllamaEngine(ollama.url, MODEL)
        for ask in (engine.ask(plan()), engine.digest(), engine.warm_up()):
            with pytest.raises(EngineAwayError, match="does not have the model tiny:1b"):
                await ask
        ollama.models[f"{MODEL}"] = ollama.models.pop("other:1b")
        ollama.models[MODEL].name = MODEL
        assert (await engine.ask(words())).text == "x"
        await engine.close()


async def test_the_model_is_deleted_while_it_is_known(engine: OllamaEngine, ollama: Ollama) -> None:
    await engine.ask(plan())
    del ollama.models[MODEL]
    with pytest.raises(EngineAwayError, match="does not have the model"):
        await engine.ask(plan())
    with pytest.raises(EngineAwayError, match="does not have the model"):
        await engine.digest()


async def test_a_name_without_a_tag_is_the_latest() -> None:
    with serving({"tiny": Canned(ANSWER)}) as ollama:
        engine = OllamaEngine(ollama.url, "tiny")
        assert (await engine.ask(plan())).model == "tiny"
        await engine.close()


async def test_what_is_too_long_is_not_sent(engine: OllamaEngine, ollama: Ollama) -> None:
    with pytest.raises(EngineAwayError, match="too long"):
        await engine.ask(plan("word " * 2000))
    assert ollama.asked == []


@pytest.mark.parametrize("script", ["\u554f", "\u0432", "\u0e01"], ids=["han", "cyrillic", "thai"])
async def test_other_scripts_take_a_token_a_character(
    engine: OllamaEngine, ollama: Ollama, script: str
) -> None:
    """2,048 tokens hold 3,000 characters of English, and not of these: they would be cut."""
    assert (await engine.ask(plan("word " * 600))).text == ANSWER
    asked = len(ollama.asked)
    with pytest.raises(EngineAwayError, match=r"too long .*\(30\d\d characters\)"):
        await engine.ask(plan(script * 3000))
    assert len(ollama.asked) == asked


async def test_one_question_counts_once(engine: OllamaEngine, ollama: Ollama) -> None:
    await engine.digest()
    ollama.fault = Fault.DOWN
    engine._known_until = 0.0
    await engine.digest()
    with pytest.raises(EngineAwayError):
        await engine.ask(plan())
    assert engine._breaker._failures == 1
    unknown = OllamaEngine(f"http://127.0.0.1:{free_port()}", MODEL)
    with pytest.raises(EngineAwayError):
        await unknown.digest()
    assert unknown._breaker._failures == 1, "the question ends there"
    await unknown.close()


async def test_what_does_not_say_which_model_it_has_is_not_asked_each_time(
    engine: OllamaEngine, ollama: Ollama
) -> None:
    known = await engine.digest()
    ollama.fault = Fault.DOWN
    engine._known_until = 0.0
    assert await engine.digest() == known
    asked = len(ollama.asked)
    assert await engine.digest() == known
    assert len(ollama.asked) == asked


async def test_an_engine_that_fails_is_left_alone(engine: OllamaEngine, ollama: Ollama) -> None:
    ollama.fault = Fault.BUSY
    for _ in range(3):
        with pytest.raises(EngineAwayError, match="503"):
            await engine.ask(plan())
    asked = len(ollama.asked)
    ollama.fault = Fault.NONE
    with pytest.raises(EngineRestingError, match=r"503.*asked again in"):
        await engine.ask(plan())
    assert len(ollama.asked) == asked


async def test_answers_in_the_wrong_form_silence_it_for_nobody(
    engine: OllamaEngine, ollama: Ollama
) -> None:
    ollama.fault = Fault.PROSE
    for _ in range(5):
        with pytest.raises(EngineAwayError, match="no JSON"):
            await engine.ask(plan())
    ollama.fault = Fault.NONE
    assert (await engine.ask(plan())).text == ANSWER


async def test_listing_models_does_not_prove_that_they_answer(
    engine: OllamaEngine, ollama: Ollama
) -> None:
    ollama.fault = Fault.BUSY  # to chats
    for _ in range(3):
        engine._known_until = 0.0
        await engine.digest()
        with pytest.raises(EngineAwayError, match="503"):
            await engine.ask(plan())
    with pytest.raises(EngineRestingError):
        await engine.ask(plan())


async def test_what_is_known_of_the_model_survives_its_absence(
    engine: OllamaEngine, ollama: Ollama
) -> None:
    known = await engine.digest()
    ollama.fault = Fault.DOWN
    engine._known_until = 0.0
    assert await engine.digest() == known


async def test_too_many_at_once_are_refused() -> None:
    with serving({MODEL: Canned(ANSWER, pause=0.3)}) as ollama:
        engine = OllamaEngine(ollama.url, MODEL, at_once=1)
        outcomes = await asyncio.gather(
            *(engine.ask(plan()) for _ in range(10)), return_exceptions=True
        )
        await engine.close()
    busy = [each for each in outcomes if isinstance(each, EngineBusyError)]
    assert len(busy) == 5, "one is answered, four wait"
    assert all("too many" in each.reason for each in busy)
    assert len(ollama.chats()) == 5


async def test_waiting_for_others_ends(ollama: Ollama) -> None:
    ollama.fault = Fault.HANG_MIDWAY
    limits = {**QUICK, "review": 3.0}
    engine = OllamaEngine(ollama.url, MODEL, at_once=1, limits=limits)
    hanging = asyncio.create_task(engine.ask(words()))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    with pytest.raises(EngineBusyError, match="no answer ended"):
        await engine.ask(plan())
    assert time.monotonic() - began < QUICK["plan"]
    with pytest.raises(EngineAwayError, match="did not answer within"):
        await hanging
    await engine.close()


async def test_whoever_goes_away_stops_the_model() -> None:
    with serving({MODEL: Canned(lambda _: "word " * 100_000)}) as ollama:
        engine = OllamaEngine(ollama.url, MODEL)
        asking = asyncio.create_task(engine.ask(words()))
        await asyncio.sleep(0.3)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        for _ in range(100):
            if ollama.abandoned:
                break
            await asyncio.sleep(0.05)
        assert ollama.abandoned == 1
        assert engine._breaker._failures == 0, "nobody's fault"
        await engine.close()


async def test_a_redirect_is_not_followed(engine: OllamaEngine, ollama: Ollama) -> None:
    with serving({MODEL: Canned(ANSWER)}) as other:
        ollama.moved_to = other.url
        with pytest.raises(EngineAwayError, match="answered 307"):
            await engine.ask(plan())
        assert other.asked == []
