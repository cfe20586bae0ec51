"""Group commit: many waiting writes, one transaction.

A durable commit costs one flush to disk however many rows it carries, so the writer takes all that
wait (256 at most) into one transaction and answers each when it has committed. One writer per
process; correctness across processes is the transaction's own matter (row locks), never the
queue's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog

from central_config.core.metrics import WRITER_BATCH, WRITER_QUEUE
from central_config.core.problems import Problem

log = structlog.get_logger(__name__)

Item = TypeVar("Item")
Answer = TypeVar("Answer")

BATCH_LIMIT = 256
# Writes that may wait: at 20,000 a second this is a fifth of a second of backlog.
QUEUE_LIMIT = 4096


class ConnectionLostError(Exception):
    """The database went away; whether the batch was committed is not known."""


class GroupWriter(Generic[Item, Answer]):
    """Collects submitted items and hands them to `run` in batches, one batch at a time.

    `run` gets the items in the order they were submitted and returns one answer or one exception
    for each, in the same order, after its transaction has ended. When it raises, its transaction
    has been rolled back as a whole: the items are then run one by one, so that a bad one fails
    alone.
    """

    def __init__(
        self, run: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Exception]]]
    ) -> None:
        self._run = run
        self._queue: asyncio.Queue[tuple[Item, asyncio.Future[Answer]]] = asyncio.Queue(QUEUE_LIMIT)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work; needs a running event loop."""
        self._task = asyncio.create_task(self._work(), name="group-writer")

    async def stop(self) -> None:
        """Finish what waits, then end."""
        if self._task is None:
            return
        await self._queue.join()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def submit(self, item: Item) -> Answer:
        """Wait until the item's transaction has committed; return its answer.

        Raises:
            Problem: `queue-full` when too many wait already; `not-ready` when the database went
                away; else what `run` answered for this item.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((item, future))
        except asyncio.QueueFull:
            raise Problem(
                "queue-full", f"{QUEUE_LIMIT} writes wait already", retry_after=1
            ) from None
        WRITER_QUEUE.set(self._queue.qsize())
        return await future

    async def _work(self) -> None:
        while True:
            waiting = [await self._queue.get()]
            while len(waiting) < BATCH_LIMIT and not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            WRITER_BATCH.observe(len(waiting))
            try:
                await self._settle(waiting)
            finally:
                for _ in waiting:
                    self._queue.task_done()
                WRITER_QUEUE.set(self._queue.qsize())

    async def _settle(self, waiting: Sequence[tuple[Item, asyncio.Future[Answer]]]) -> None:
        # A caller that hung up must not cost its neighbours anything, nor be written for.
        live = [(item, future) for item, future in waiting if not future.done()]
        if not live:
            return
        answers = await self._attempt([item for item, _ in live])
        for (_, future), answer in zip(live, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    async def _attempt(self, items: Sequence[Item]) -> Sequence[Answer | Exception]:
        try:
            return await self._run(items)
        except ConnectionLostError:
            log.warning("write batch lost its database connection", items=len(items))
            lost = Problem("not-ready", "the database is restarting", retry_after=1)
            return [lost for _ in items]
        except Exception as error:
            if len(items) == 1:
                log.exception("write failed")
                return [error]
            log.warning("write batch failed, trying its items alone", error=repr(error))
        answers: list[Answer | Exception] = []
        for item in items:
            answers.extend(await self._attempt([item]))
        return answers
