"""Long computations give way to others, and give the same as when they do not."""

import asyncio
import time

import pytest

from central_config.core.pace import Steps, at_once, unhurried

pytestmark = pytest.mark.anyio


def count(turns: int, each: float) -> Steps[int]:
    for _ in range(turns):
        until = time.perf_counter() + each
        while time.perf_counter() < until:
            pass
        yield
    return turns


async def test_others_have_their_turn() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    assert await unhurried(count(200, 0.0001)) == 200
    assert turns >= 20
    task.cancel()


async def test_it_goes_on_beside_others_that_want_everything() -> None:
    """A lock may be held meanwhile, so it gets its share whatever others do."""

    async def greedy() -> None:
        while True:
            until = time.perf_counter() + 0.004
            while time.perf_counter() < until:
                pass
            await asyncio.sleep(0)

    task = asyncio.create_task(greedy())
    began = time.perf_counter()
    await unhurried(count(400, 0.0001))
    assert time.perf_counter() - began < 400 * 0.0001 * 30
    task.cancel()


async def test_a_refusal_comes_through() -> None:
    def refuse() -> Steps[int]:
        yield
        raise ValueError

    with pytest.raises(ValueError):
        await unhurried(refuse())
    with pytest.raises(ValueError):
        at_once(refuse())
    assert at_once(count(3, 0)) == 3
