"""Whether those who watch still may: one look a second at each credential, however many watches.

A watch outlives the check that opened it. So each credential that has watches is looked at again
every second, in the guard's own words; what was known lately costs no question, and the database
is asked about many at once. Revocation therefore ends a watch within five seconds even when its
announcement is lost: what the access cache trusts, and one look.
"""

import asyncio
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import structlog

from central_config.access.model import KeyScope, Principal, WorkspaceRef
from central_config.access.service import AccessService
from central_config.api.directory import WorkspaceDirectory
from central_config.api.guard import RequestGuard
from central_config.watch.hub import Stream
from central_config.watch.service import RECHECK

log = structlog.get_logger(__name__)

# Credentials looked at without a pause for others, and asked about at a time.
_BATCH = 200


class Right(NamedTuple):
    """What a watch was opened with, as far as it must go on to hold."""

    token: str
    workspace: str
    scope: KeyScope | None
    reveal: bool


class _Holder:
    """The watches opened with one right, and the principal that had it at the last look."""

    __slots__ = ("client_ip", "place", "principal", "right", "streams")

    def __init__(
        self, right: Right, principal: Principal, place: WorkspaceRef, client_ip: str
    ) -> None:
        self.right = right
        self.principal = principal
        self.place = place
        self.client_ip = client_ip
        self.streams: dict[Stream, None] = {}


class Standing:
    """Ends the watches of credentials that were revoked or changed."""

    def __init__(
        self, guard: RequestGuard, access: AccessService, directory: WorkspaceDirectory
    ) -> None:
        self._guard = guard
        self._access = access
        self._directory = directory
        self._holders: dict[Right, _Holder] = {}
        self._task: asyncio.Task[None] | None = None

    def add(
        self,
        stream: Stream,
        token: str,
        principal: Principal,
        place: WorkspaceRef,
        client_ip: str,
    ) -> Right:
        """Look after a watch that a principal has just opened; return what to `remove` it by."""
        reveal = principal.can("secret.reveal", place.id)
        right = Right(token, place.slug, principal.scope, reveal)
        holder = self._holders.get(right)
        if holder is None:
            holder = self._holders[right] = _Holder(right, principal, place, client_ip)
        holder.streams[stream] = None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="standing of watches")
        return right

    def remove(self, stream: Stream, right: Right) -> None:
        """Forget a watch that has ended."""
        holder = self._holders.get(right)
        if holder is not None:
            holder.streams.pop(stream, None)
            if not holder.streams:
                del self._holders[right]

    def stop(self) -> None:
        """Stop looking; the watches are ended by others."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while self._holders:
            await asyncio.sleep(RECHECK)
            holders = iter(list(self._holders.values()))
            while batch := list(islice(holders, _BATCH)):
                await self._look(batch)
                await asyncio.sleep(0)

    async def _look(self, batch: Sequence[_Holder]) -> None:
        unsure = [each for each in batch if not self._unchanged(each)]
        if unsure:
            await asyncio.gather(*[self._ask(each) for each in unsure])

    def _unchanged(self, holder: _Holder) -> bool:
        """Tell whether nothing moved since the last look, without waiting for anything."""
        return (
            self._access.known(holder.right.token, uses=0) is holder.principal
            and self._directory.known(holder.place.slug) == holder.place
        )

    async def _ask(self, holder: _Holder) -> None:
        right = holder.right
        try:
            holds = await self._guard.holds(
                right.token, right.workspace, holder.principal, holder.client_ip
            )
        except Exception:
            # Nothing was learned; the next look is in a second.
            log.exception("the standing of a watch cannot be told")
            return
        if not holds:
            for stream in list(holder.streams):
                stream.hang_up()
            return
        principal = self._access.known(right.token, uses=0)
        if principal is not None:
            holder.principal = principal
