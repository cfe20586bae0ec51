"""A configuration in memory."""

import asyncio
import inspect
from collections.abc import Awaitable, Generator, Mapping
from contextlib import contextmanager
from typing import Self

from central_config_client.current import Current
from central_config_client.feed import Status
from central_config_client.snapshot import ABSENT, JSON, Snapshot
from central_config_client.view import View


class FakeConfig(View):
    """What `Config` and `AsyncConfig` are to their readers; a test says what it holds.

    Callbacks are called before `set`, `remove` and `override` return, and what they raise is
    raised: a test should see it. Coroutine functions are run to their end where no loop runs, and
    become tasks where one does.

    Args:
        values: what it holds at first.
        max_age: as of `Settings`.
    """

    def __init__(
        self, values: Mapping[str, JSON] | None = None, *, max_age: float | None = None
    ) -> None:
        super().__init__(Current(), "fake/fake", max_age)
        self._current.show(Snapshot(1, dict(values or {})))
        self._current.confirm()
        self._running: set[asyncio.Future[object]] = set()

    @property
    def status(self) -> Status:
        """Always live."""
        return Status("live", "stream", self.source, self.revision, self.age, None)

    def set(self, key: str, value: JSON) -> int:
        """Write a value; return the revision."""
        return self.write({key: value})

    def remove(self, key: str) -> int:
        """Take a key away; return the revision."""
        return self.write({key: ABSENT})

    def write(self, values: Mapping[str, JSON]) -> int:
        """Write several values in one revision, `ABSENT` takes a key away; return the revision."""
        held = {**self._current.values, **values}
        kept = {key: value for key, value in held.items() if value is not ABSENT}
        now = self._current.snapshot
        masked = now.masked.difference(kept)
        self._show(now._replace(revision=now.revision + 1, values=kept, masked=masked))
        return self.revision

    def mask(self, *keys: str) -> None:
        """Make keys secrets that are not given to this reader."""
        now = self._current.snapshot
        kept = {key: value for key, value in now.values.items() if key not in keys}
        self._show(
            now._replace(revision=now.revision + 1, values=kept, masked=now.masked | {*keys})
        )

    @contextmanager
    def override(self, values: Mapping[str, JSON]) -> Generator[Self]:
        """Write values for the length of a block, then put back what was there."""
        before = {key: self._current.values.get(key, ABSENT) for key in values}
        self.write(values)
        try:
            yield self
        finally:
            self.write(before)

    def grow_old(self, seconds: float) -> None:
        """Act as if the server had confirmed nothing for so long."""
        self._current.confirm(seconds)

    # A `Config` or `AsyncConfig` is started and closed; a fake may be too.

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def _show(self, snapshot: Snapshot) -> None:
        self._current.show(snapshot)
        while (revised := self._current.notices.take()) is not None:
            for call in self._subscribers.calls(revised):
                result = call()
                if inspect.isawaitable(result):
                    self._await(result)

    def _await(self, result: Awaitable[object]) -> None:
        async def finish() -> object:
            return await result

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(finish())
        else:
            task = loop.create_task(finish())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
