"""An Ollama with canned words, and the real client in front of it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from central_config.assistant.service.engine import Request
from central_config.assistant.service.engine.ollama import OllamaEngine
from tests.support.ollama import Canned, Ollama, serving

MODEL = "tiny:1b"
ANSWER = '{"environment": "prod"}'
SCHEMA = {
    "type": "object",
    "properties": {"environment": {"enum": ["prod", "staging"]}},
    "required": ["environment"],
    "additionalProperties": False,
}
# What the tests wait for an answer that does not come (seconds).
QUICK = {"plan": 2.0, "review": 1.5, "doctor": 1.5}


def plan(question: str = "which environment?") -> Request:
    return Request(
        purpose="plan",
        prompt_version="7",
        system="Answer with JSON.",
        prompt=question,
        schema=SCHEMA,
        most_tokens=50,
        keys=("app/timeout", "db/host"),
    )


def words(prompt: str = "why?") -> Request:
    return Request(purpose="review", prompt_version="2", system="Be brief.", prompt=prompt)


@pytest.fixture
def ollama() -> Iterator[Ollama]:
    with serving({MODEL: Canned(ANSWER)}) as served:
        yield served


@pytest.fixture
async def engine(ollama: Ollama) -> AsyncIterator[OllamaEngine]:
    made = OllamaEngine(ollama.url, MODEL, limits=QUICK, context=2048, keep_alive=600)
    yield made
    await made.close()
