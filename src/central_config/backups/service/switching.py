"""Puts one database in the place of another: shut, empty of sessions, exchanged, looked at.

Every step before the exchange is undone when a later one fails; the exchange of both names is one
transaction; what does not answer afterwards is exchanged back.
"""

import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from central_config.backups.model.errors import BackupFailedError
from central_config.backups.service.resync import Resynced
from central_config.backups.store.afterwards import Later
from central_config.backups.store.contents import answers_as, asking
from central_config.backups.store.databases import Databases, Session
from central_config.core.settings import Settings

Finish = Callable[[Later | None], Awaitable[Resynced]]


class Names(NamedTuple):
    """The live database, the one that takes its place, and the live one's name afterwards."""

    live: str
    new: str
    aside: str


async def switch(
    server: Databases, names: Names, url: str, settings: Settings, finish: Finish
) -> tuple[Resynced, float]:
    """Put `new` in the place of `live`; return what `finish` did, and the seconds without one.

    Args:
        server: where both are.
        names: which.
        url: address of `live`, before and afterwards.
        settings: how to connect.
        finish: makes `new` fit to be used, knowing what `live` knew last; None: it does not say.

    Raises:
        BackupFailedError: it was not done, and `live` is as it was.
    """
    began = time.monotonic()
    number = await server.number(names.new)
    try:
        async with asking(url, settings) as asked:
            await server.close(names.live)
            own = [] if asked is None else [asked.pid]
            _refuse(names.live, await server.cut(names.live, own))
            # Nobody else writes any more: this is the last it knew.
            later = None if asked is None else await asked.later()
            resynced = await finish(later)
        _refuse(names.live, await server.cut(names.live))
        await server.exchange(names.live, names.aside, names.new)
    except BaseException:
        await server.open(names.live)
        raise
    blocked = time.monotonic() - began
    if await answers_as(url, settings) != number:
        await _back(server, names)
        raise BackupFailedError(
            f"what took the place of {names.live} does not answer as it should: "
            "the databases were exchanged back, nothing has changed"
        )
    return resynced, blocked


async def _back(server: Databases, names: Names) -> None:
    try:
        await server.close(names.live)
        await server.cut(names.live)
        await server.exchange(names.live, names.new, names.aside)
    except BackupFailedError as problem:
        raise BackupFailedError(
            f"{names.live} does not answer as it should, and could not be exchanged back "
            f"({problem}); the database from before is {names.aside}: `restore --undo`"
        ) from problem
    finally:
        await server.open(names.live)


def _refuse(name: str, left: list[Session]) -> None:
    if left:
        who = "; ".join(str(each) for each in left[:5])
        raise BackupFailedError(
            f"nothing was changed: {len(left)} sessions with {name} cannot be ended by this role "
            f"({who}). Stop those programs, or GRANT pg_signal_backend to the role; a superuser's "
            "sessions only a superuser ends"
        )
