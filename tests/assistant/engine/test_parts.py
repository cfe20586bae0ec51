"""The form of answers, the doubles, and the cache of answers."""

import json
import time
from pathlib import Path

import pytest

from central_config.assistant.cache.answers import KEPT, Answers, KeptAnswer
from central_config.assistant.service.engine import EngineAwayError
from central_config.assistant.service.engine.doubles import ReplayingEngine, ScriptedEngine
from central_config.assistant.service.engine.form import check, fits, offered
from central_config.core.settings import Settings
from tests.assistant.engine.conftest import ANSWER, SCHEMA, plan, words
from tests.support.api import free_port


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "said nothing"),
        (" \n", "said nothing"),
        ("prod", "no JSON"),
        ('{"environment": "prod"', "no JSON"),
        ('{"environment": "test"}', "not of the form"),
        ('{"environment": "prod", "more": 1}', "not of the form"),
        ("[]", "not of the form"),
        ("null", "not of the form"),
    ],
)
def test_another_form_is_refused(text: str, said: str) -> None:
    with pytest.raises(EngineAwayError, match=said):
        check(text, SCHEMA)
    assert not fits(text, SCHEMA)


def test_the_form_asked_for_is_taken() -> None:
    check(ANSWER, SCHEMA)
    check("anything", None, cut=True)


def test_only_what_was_offered_is_written_down() -> None:
    schema = {
        "properties": {
            "environments": {"type": "array", "items": {"enum": ["prod", "base"]}},
            "value": {"type": "string"},
            "limit": {"type": "integer"},
        }
    }
    answer = {"environments": ["prod"], "value": "hunter2", "limit": 5, "deep": [{"x": "hunter2"}]}
    told = offered(json.dumps(answer), schema)
    assert told == {"environments": ["prod"], "value": "...", "limit": 5, "deep": [{"x": "..."}]}
    assert offered("hunter2", None) is None


@pytest.mark.anyio
async def test_the_scripted_double() -> None:
    engine = ScriptedEngine([ANSWER, EngineAwayError("away"), "prose"])
    assert (await engine.ask(plan("one?"))).text == ANSWER
    with pytest.raises(EngineAwayError, match="away"):
        await engine.ask(plan("two?"))
    with pytest.raises(EngineAwayError, match="no JSON"):
        await engine.ask(plan("three?"))
    assert [each.prompt for each in engine.asked] == ["one?", "two?", "three?"]
    echo = ScriptedEngine(lambda request: request.prompt)
    assert (await echo.ask(words("hello"))).text == "hello"


@pytest.mark.anyio
async def test_the_replaying_double(tmp_path: Path) -> None:
    recording = tmp_path / "replies.jsonl"
    real = ScriptedEngine([ANSWER, "because"])
    first = ReplayingEngine(recording, real)
    replies = [await first.ask(plan()), await first.ask(words()), await first.ask(plan())]
    assert len(real.asked) == 2
    later = ReplayingEngine(recording)
    assert [await later.ask(plan()), await later.ask(words()), await later.ask(plan())] == replies
    with pytest.raises(EngineAwayError, match="nothing is recorded"):
        await later.ask(plan("another?"))


@pytest.mark.anyio
@pytest.mark.parametrize("shared", [True, False])
async def test_answers_are_kept(redis_url: str, *, shared: bool) -> None:
    settings = Settings(redis_url=redis_url, cache_key_prefix=f"t{time.monotonic_ns()}:")
    answers = Answers.of(settings) if shared else Answers()
    assert await answers.get("one") is None
    await answers.put("one", KeptAnswer("text", 1.5))
    assert await answers.get("one") == KeptAnswer("text", 1.5)
    other = Answers.of(settings) if shared else Answers()
    assert await other.get("one") == (KeptAnswer("text", 1.5) if shared else None)
    await answers.close()
    await other.close()


@pytest.mark.anyio
async def test_memory_is_bounded_and_forgets_what_nobody_asks() -> None:
    answers = Answers()
    for number in range(KEPT):
        await answers.put(str(number), KeptAnswer("x", 0))
    assert await answers.get("0") is not None
    await answers.put("one more", KeptAnswer("x", 0))
    assert await answers.get("0") is not None
    assert await answers.get("1") is None


@pytest.mark.anyio
async def test_redis_is_away() -> None:
    answers = Answers.of(Settings(redis_url=f"redis://127.0.0.1:{free_port()}/0"))
    began = time.monotonic()
    for _ in range(50):
        await answers.put("one", KeptAnswer("text", 1.5))
        assert await answers.get("one") is None
    assert time.monotonic() - began < 2
    await answers.close()
