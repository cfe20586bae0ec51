"""The group writer: a fault in checking one item costs nobody else anything."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from central_config.core.writer import GroupWriter

BAD = -1


class Attempts:
    """A way that cannot cope with one sort of item, and notes what it committed."""

    def __init__(self) -> None:
        self.committed: list[int] = []
        self.locked: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    def begin(self, first: int, before: object) -> "One":
        del first, before
        return One(self)

    async def run(self, batch: Sequence[int]) -> Sequence[int | Exception]:
        self.locked.append(list(batch))
        if BAD in batch:
            message = "this one fails whichever way"
            raise RuntimeError(message)
        self.committed += batch
        return list(batch)


class One:
    """One attempt."""

    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts
        self._items: list[int] = []

    def add(self, item: int) -> bool:
        if item == BAD:
            message = "too deep"
            raise RecursionError(message)
        self._items.append(item)
        return True

    async def commit(self) -> list[int | Exception] | None:
        await self._attempts.gate.wait()
        self._attempts.committed += self._items
        return list(self._items)

    def land(self) -> None:
        pass


@asynccontextmanager
async def writing() -> AsyncIterator[tuple[GroupWriter[int, int], Attempts]]:
    attempts = Attempts()
    writer: GroupWriter[int, int] = GroupWriter(attempts.run, attempts.begin)
    writer.start()
    yield writer, attempts
    await asyncio.wait_for(writer.stop(), 5)


@pytest.mark.anyio
async def test_an_item_that_breaks_an_idle_attempt_fails_alone() -> None:
    async with writing() as (writer, attempts):
        found = await asyncio.wait_for(
            asyncio.gather(*(writer.submit(each) for each in (1, BAD, 2)), return_exceptions=True),
            5,
        )
        assert found[0] == 1
        assert found[2] == 2
        assert isinstance(found[1], RuntimeError)
        assert await asyncio.wait_for(writer.submit(3), 5) == 3
        assert sorted(attempts.committed) == [1, 2, 3]


@pytest.mark.anyio
async def test_an_item_that_breaks_the_next_attempt_fails_alone() -> None:
    async with writing() as (writer, attempts):
        attempts.gate.clear()
        first = asyncio.create_task(writer.submit(1))
        await asyncio.sleep(0.01)
        others = [asyncio.create_task(writer.submit(each)) for each in (2, BAD, 3)]
        await asyncio.sleep(0.01)
        attempts.gate.set()
        found = await asyncio.wait_for(asyncio.gather(first, *others, return_exceptions=True), 5)
        assert found[:2] == [1, 2]
        assert isinstance(found[2], RuntimeError)
        assert found[3] == 3
        # Each once: what was given back is not written twice.
        assert sorted(attempts.committed) == [1, 2, 3]
        assert await asyncio.wait_for(writer.submit(4), 5) == 4
