"""Group commit: many waiting writes, one transaction.

A durable commit costs one flush to disk however many rows it carries, so all that wait (256 at
most) go into one transaction, and each is answered when it has committed. While one transaction is
under way the next is already checked, on top of it: the processor and the disk work at the same
time. One writer per process; correctness across processes is the transactions' own matter, never
the queue's.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

import structlog

from central_config.core.metrics import WRITER_BATCH, WRITER_QUEUE
from central_config.core.problems import Problem

log = structlog.get_logger(__name__)

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Item_contra = TypeVar("Item_contra", contravariant=True)

BATCH_LIMIT = 256
# Writes that may wait: at 20,000 a second this is a fifth of a second of backlog.
QUEUE_LIMIT = 4096


class ConnectionLostError(Exception):
    """The database went away; whether the batch was committed is not known."""


class Attempt(Protocol[Item_contra, Answer]):
    """Items checked one by one as they come, committed together.

    It relies on what is known without asking, and on the attempt before it being committed: when
    `commit` finds that either is not so, nothing was done.
    """

    def add(self, item: Item_contra) -> bool:
        """Check a further item; False: it cannot be part of this, and has left no trace."""
        ...

    async def commit(self) -> list[Answer | Exception] | None:
        """Commit; return an answer for each item, or None when nothing was done."""
        ...

    def land(self) -> None:
        """Bring this process up to what was committed; must not raise."""
        ...


Run = Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Exception]]]
# Opens an attempt that may take the item, on top of one under way; None: not possible now.
Begin = Callable[[Item, Attempt[Item, Answer] | None], Attempt[Item, Answer] | None]


class _Waiting(NamedTuple, Generic[Item, Answer]):
    item: Item
    future: "asyncio.Future[Answer]"


class _Batch(NamedTuple, Generic[Item, Answer]):
    attempt: Attempt[Item, Answer]
    waiting: list[_Waiting[Item, Answer]]


_Flight = asyncio.Task[list[Answer | Exception] | None]


class GroupWriter(Generic[Item, Answer]):
    """Collects submitted items and commits them in batches, one transaction after the other.

    Two ways. `begin` opens an attempt, which items join while the one before is under way. What
    cannot go that way, or was refused on it, is handed to `run`: it gets items in the order they
    were submitted and returns one answer or one exception for each, in the same order, after its
    transaction has ended. When it raises, its transaction has been rolled back as a whole: the
    items are then run one by one, so that a bad one fails alone.
    """

    def __init__(self, run: Run[Item, Answer], begin: Begin[Item, Answer] | None = None) -> None:
        self._run = run
        self._begin = begin
        self._queue: deque[_Waiting[Item, Answer]] = deque()
        self._under_way: Attempt[Item, Answer] | None = None
        self._next: _Batch[Item, Answer] | None = None
        # Something that waits cannot be checked in an attempt.
        self._spoilt = False
        self._called = asyncio.Event()
        self._idle = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work; needs a running event loop."""
        self._task = asyncio.create_task(self._work(), name="group-writer")

    async def stop(self) -> None:
        """Finish what waits, then end."""
        if self._task is None:
            return
        self._called.set()
        self._idle.clear()
        await self._idle.wait()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def submit(self, item: Item) -> Answer:
        """Wait until the item's transaction has committed; return its answer.

        Raises:
            Problem: `queue-full` when too many wait already; `not-ready` when the database went
                away; else what was answered for this item.
        """
        if len(self._queue) >= QUEUE_LIMIT:
            raise Problem("queue-full", f"{QUEUE_LIMIT} writes wait already", retry_after=1)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(item, future))
        if self._under_way is not None:
            self._collect()
        self._called.set()
        return await future

    def _collect(self) -> None:
        """Let the next attempt take what waits; a fault costs nobody but whose item it is.

        What joined is given back then, and goes the other way with the rest, where items that
        fail together are tried alone.
        """
        if self._spoilt:
            return
        try:
            self._gather()
        except Exception:
            log.exception("write attempt failed, its items are tried under lock")
            self._spoilt = True
            if self._next is not None:
                self._queue.extendleft(reversed(self._next.waiting))
                self._next = None

    def _gather(self) -> None:
        """Take what waits, in its order, as far as the next attempt can."""
        queue = self._queue
        while queue and (self._next is None or len(self._next.waiting) < BATCH_LIMIT):
            first = queue[0]
            if first.future.done():  # a caller that hung up is not written for
                queue.popleft()
                continue
            if self._next is None:
                begun = None if self._begin is None else self._begin(first.item, self._under_way)
                if begun is None:
                    return
                self._next = _Batch(begun, [])
            if not self._next.attempt.add(first.item):
                return
            self._next.waiting.append(queue.popleft())

    def _close(self) -> _Batch[Item, Answer] | None:
        batch, self._next = self._next, None
        return batch if batch is not None and batch.waiting else None

    async def _work(self) -> None:
        while True:
            if not self._queue:
                self._called.clear()
                self._idle.set()
                await self._called.wait()
            self._idle.clear()
            self._collect()
            batch = self._close()
            if batch is None:
                await self._settle(self._take())
                self._spoilt = False
            else:
                await self._fly(batch)

    def _take(self) -> list[_Waiting[Item, Answer]]:
        count = min(BATCH_LIMIT, len(self._queue))
        return [self._queue.popleft() for _ in range(count)]

    async def _fly(self, batch: _Batch[Item, Answer]) -> None:
        """Commit a batch, and those that come together meanwhile, until there is no next."""
        flight = self._depart(batch)
        self._build_on(batch)
        while True:
            answers = await self._arrival(flight)
            following = self._close()
            self._under_way = None
            if not isinstance(answers, list):
                # What was checked on top of it may not be true either.
                if following is not None:
                    self._queue.extendleft(reversed(following.waiting))
                if answers is None:
                    await self._settle(batch.waiting)
                else:
                    _answer(batch.waiting, [answers] * len(batch.waiting))
                return
            if following is not None:
                flight = self._depart(following)
                await asyncio.sleep(0)  # it is sent before anything else is done
            batch.attempt.land()
            if following is not None:
                self._build_on(following)
            _answer(batch.waiting, answers)
            if following is None:
                return
            batch = following

    def _depart(self, batch: _Batch[Item, Answer]) -> "_Flight[Answer]":
        WRITER_BATCH.observe(len(batch.waiting))
        WRITER_QUEUE.set(len(self._queue))
        return asyncio.create_task(batch.attempt.commit(), name="group-commit")

    def _build_on(self, batch: _Batch[Item, Answer]) -> None:
        """Let the next attempt begin on top of one under way; all before it have landed."""
        self._under_way = batch.attempt
        self._collect()

    async def _arrival(
        self, flight: "_Flight[Answer]"
    ) -> list[Answer | Exception] | Problem | None:
        """Return the answers, one for all where it is not known what happened; None: nothing."""
        try:
            return await flight
        except ConnectionLostError as error:
            return _lost(error)
        except Exception as error:  # noqa: BLE001 - nothing was done: the other way will tell why
            log.warning("write batch failed, trying it under lock", error=repr(error))
            return None

    async def _settle(self, waiting: Sequence[_Waiting[Item, Answer]]) -> None:
        # A caller that hung up must not cost its neighbours anything, nor be written for.
        live = [each for each in waiting if not each.future.done()]
        if live:
            WRITER_BATCH.observe(len(live))
            _answer(live, await self._attempt([each.item for each in live]))
        WRITER_QUEUE.set(len(self._queue))

    async def _attempt(self, items: Sequence[Item]) -> Sequence[Answer | Exception]:
        try:
            return await self._run(items)
        except ConnectionLostError as error:
            return [_lost(error)] * len(items)
        except Exception as error:
            if len(items) == 1:
                log.exception("write failed")
                return [error]
            log.warning("write batch failed, trying its items alone", error=repr(error))
        answers: list[Answer | Exception] = []
        for item in items:
            answers.extend(await self._attempt([item]))
        return answers


def _lost(error: ConnectionLostError) -> Problem:
    log.warning("write batch lost its database connection", cause=repr(error.__cause__))
    return Problem("not-ready", "the database is restarting", retry_after=1)


def _answer(
    waiting: Sequence[_Waiting[Item, Answer]], answers: Sequence[Answer | Exception]
) -> None:
    for (_, future), answer in zip(waiting, answers, strict=True):
        if future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
