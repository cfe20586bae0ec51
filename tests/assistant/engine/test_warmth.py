"""The model is loaded beside everything else, as soon as there is one."""

import asyncio
from collections.abc import Callable

import pytest

from central_config.assistant.service.engine.ollama import OllamaEngine
from central_config.assistant.service.engine.warmth import Warmth
from tests.assistant.engine.conftest import MODEL
from tests.support.ollama import Fault, Ollama

pytestmark = pytest.mark.anyio


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - a server in a thread tells nobody
            await asyncio.sleep(0.01)


async def test_the_model_is_loaded_once(engine: OllamaEngine, ollama: Ollama) -> None:
    warmth = Warmth(engine, soon=0.01)
    warmth.start()
    await until(lambda: ollama.models[MODEL].is_loaded)
    await asyncio.sleep(0.1)
    await warmth.stop()
    assert [path for path, _ in ollama.asked] == ["/api/tags", "/api/chat"]


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.BUSY, Fault.PAGE], ids=str)
async def test_it_is_tried_again(engine: OllamaEngine, ollama: Ollama, fault: Fault) -> None:
    ollama.fault = fault
    warmth = Warmth(engine, soon=0.01)
    warmth.start()
    await until(lambda: len(ollama.asked) > 3)
    assert not ollama.models[MODEL].is_loaded
    ollama.fault = Fault.NONE
    await until(lambda: ollama.models[MODEL].is_loaded)
    await warmth.stop()


async def test_it_waits_longer_each_time(engine: OllamaEngine, ollama: Ollama) -> None:
    ollama.fault = Fault.DOWN
    warmth = Warmth(engine, soon=0.05)
    warmth.start()
    await asyncio.sleep(1.5)
    await warmth.stop()
    assert 2 <= len(ollama.asked) <= 6, "0.05 + 0.1 + 0.2 + 0.4 + 0.8 s"


async def test_stopping_does_not_wait_for_it(engine: OllamaEngine, ollama: Ollama) -> None:
    ollama.fault = Fault.HANG
    warmth = Warmth(engine)
    warmth.start()
    await until(lambda: ollama.asked)
    async with asyncio.timeout(1):
        await warmth.stop()
