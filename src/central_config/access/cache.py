"""Who a token stands for, remembered for a few seconds so that most requests ask no database.

What an operator may rely on: a revocation takes effect in every process within five seconds even
if no announcement arrives (`TRUSTED` + `PATIENCE`), at once where it does. While the database
cannot answer, what was known at most `GRACE` ago goes on being used, so that reads survive its
restart; nobody new is let in meanwhile.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from central_config.access.model import Found, Principal, Token
from central_config.core.clock import Clock
from central_config.core.problems import Problem

log = structlog.get_logger(__name__)

# Age up to which an entry is used without asking.
TRUSTED = timedelta(seconds=4)
# Age from which one is asked for again while it is still used, so that readers need not wait.
REFRESHED = timedelta(seconds=2)
# How long "nobody" is remembered.
REFUSED = timedelta(seconds=1)
# Age up to which an entry is used while the database cannot answer.
GRACE = timedelta(seconds=60)
# Seconds somebody with an entry waits for the database: a little, or less when it just failed.
PATIENCE = 1.0
PATIENCE_FAILING = 0.05
# Seconds one question may take, and seconds until the next after one that failed.
QUESTION_LIMIT = 3.0
PAUSE = 0.5

BATCH = 500
SIZE = 20_000
# Kept apart, so that a flood of wrong tokens cannot push out the right ones.
SIZE_REFUSED = 10_000

Load = Callable[[Sequence[Token]], Awaitable[Mapping[Token, Found]]]


class _Entry:
    __slots__ = ("checked", "found", "refresh_at", "trusted_until")

    def __init__(self, found: Found, checked: datetime) -> None:
        self.found = found
        self.checked = checked
        self.refresh_at = checked + REFRESHED
        # Worked out once, since this is looked at on every request.
        self.trusted_until = checked + TRUSTED
        if found.principal.expires_at is not None:
            self.trusted_until = min(self.trusted_until, found.principal.expires_at)


class _Answer:
    __slots__ = ("known", "principal")

    def __init__(self, principal: Principal | None, *, known: bool) -> None:
        self.principal = principal
        self.known = known


_UNKNOWN = _Answer(None, known=False)


class PrincipalCache:
    """Maps tokens to principals; asks `load` for many at once, and never twice for the same."""

    def __init__(self, load: Load, clock: Clock) -> None:
        self._load = load
        self._clock = clock
        self._entries: OrderedDict[Token, _Entry] = OrderedDict()
        self._refused: OrderedDict[Token, datetime] = OrderedDict()
        self._flights: dict[Token, asyncio.Future[_Answer]] = {}
        self._queue: list[Token] = []
        self._task: asyncio.Task[None] | None = None
        self._generation = 0
        self._failing = False
        self._pause_until = 0.0
        self._listeners: list[Callable[[str], None]] = []

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with every subject that is forgotten."""
        self._listeners.append(listener)

    def known(self, token: Token) -> Principal | None:
        """Return the principal when it is known well enough to be used without asking."""
        entry = self._entries.get(token)
        if entry is None:
            return None
        now = self._clock.now()
        # Before the last check means that the machine's clock was set back: ask again.
        if not entry.checked <= now < entry.trusted_until:
            return entry.found.principal if self._gets_by(entry, now) else None
        self._entries.move_to_end(token)
        if now >= entry.refresh_at:
            self._join(token)
        return entry.found.principal

    def _gets_by(self, entry: _Entry, now: datetime) -> bool:
        """Tell whether an old entry is used while the database just failed to answer.

        Between two questions nobody would learn anything by waiting; when the pause is over,
        the next caller asks.
        """
        return (
            self._failing
            and entry.checked <= now <= entry.checked + GRACE
            and asyncio.get_running_loop().time() < self._pause_until
            and not _expired(entry.found.principal, now)
        )

    async def find(self, token: Token) -> Principal | None:
        """Return the principal, or None when the token stands for nobody.

        Raises:
            Problem: `not-ready` when the database cannot answer and too little is known.
        """
        principal = self.known(token)
        if principal is not None:
            return principal
        now = self._clock.now()
        refused = self._refused.get(token)
        if refused is not None and timedelta(0) <= now - refused < REFUSED:
            return None
        answer = await self._ask(token)
        principal = answer.principal if answer.known else self._during_outage(token)
        if principal is None or _expired(principal, self._clock.now()):
            return None
        return principal

    def forget(self, subject: str) -> None:
        """Drop what depends on a subject: `key:ID`, `session:ID`, `user:ID`; anything else: all.

        "" drops nothing, but trusts nothing either before it was asked for again: announcements
        may have been missed, and the database that just came back may go away once more.
        """
        self._generation += 1
        self._drop(subject)
        for listener in self._listeners:
            listener(subject)

    def _drop(self, subject: str) -> None:
        if not subject:
            self._pause_until = 0.0
            for entry in self._entries.values():
                entry.trusted_until = entry.checked
            return
        if not subject.startswith(("key:", "session:", "user:")):
            self._entries.clear()
            return
        gone = [token for token, entry in self._entries.items() if subject in entry.found.subjects]
        for token in gone:
            del self._entries[token]

    async def close(self) -> None:
        """Wait for the question under way, if there is one."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _ask(self, token: Token) -> _Answer:
        flight = self._join(token)
        patience: float | None = None  # the question has its own limit
        if token in self._entries:
            patience = PATIENCE_FAILING if self._failing else PATIENCE
        # Not awaited directly: a caller that hangs up must not cancel it for the others.
        done, _ = await asyncio.wait({flight}, timeout=patience)
        return flight.result() if done else _UNKNOWN

    def _during_outage(self, token: Token) -> Principal:
        entry = self._entries.get(token)
        if entry is not None and self._clock.now() - entry.checked <= GRACE:
            return entry.found.principal
        raise Problem(
            "not-ready",
            "who you are cannot be checked: the database does not answer",
            retry_after=1,
        )

    def _join(self, token: Token) -> asyncio.Future[_Answer]:
        flight = self._flights.get(token)
        if flight is not None:
            return flight
        loop = asyncio.get_running_loop()
        flight = loop.create_future()
        if loop.time() < self._pause_until:
            flight.set_result(_UNKNOWN)
            return flight
        self._flights[token] = flight
        self._queue.append(token)
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._work(), name="principal-cache")
        return flight

    async def _work(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[:BATCH], self._queue[BATCH:]
            answers = await self._question(batch)
            for token in batch:
                flight = self._flights.pop(token)
                if not flight.done():
                    flight.set_result(answers.get(token, _UNKNOWN))

    async def _question(self, batch: Sequence[Token]) -> Mapping[Token, _Answer]:
        moment = self._clock.now()
        try:
            async with asyncio.timeout(QUESTION_LIMIT):
                generation, found = await self._load_unchanged(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing was learned
            if not self._failing:
                log.warning("principals cannot be checked", error=repr(error))
            self._failing = True
            self._pause_until = asyncio.get_running_loop().time() + PAUSE
            return {}
        self._failing = False
        self._remember(batch, found, moment, certain=generation == self._generation)
        return {
            token: _Answer(found[token].principal if token in found else None, known=True)
            for token in batch
        }

    async def _load_unchanged(self, batch: Sequence[Token]) -> tuple[int, Mapping[Token, Found]]:
        # What was read while something was forgotten may be older than what was forgotten, and
        # somebody who came after it may be waiting for this very answer.
        generation = self._generation
        found = await self._load(batch)
        for _ in range(2):
            if generation == self._generation:
                break
            generation = self._generation
            found = await self._load(batch)
        return generation, found

    def _remember(
        self,
        batch: Sequence[Token],
        found: Mapping[Token, Found],
        moment: datetime,
        *,
        certain: bool,
    ) -> None:
        for token in batch:
            if token not in found:
                self._entries.pop(token, None)
                self._refused[token] = moment
            elif certain:
                self._entries[token] = _Entry(found[token], moment)
                self._refused.pop(token, None)
        while len(self._entries) > SIZE:
            self._entries.popitem(last=False)
        while len(self._refused) > SIZE_REFUSED:
            self._refused.popitem(last=False)


def _expired(principal: Principal, now: datetime) -> bool:
    return principal.expires_at is not None and principal.expires_at <= now
