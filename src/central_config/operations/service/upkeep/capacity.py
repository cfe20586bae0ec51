"""How long what there is will do, by how it grew."""

import shutil
from collections.abc import Sequence
from datetime import timedelta

from central_config.core.db import transaction
from central_config.core.json import JSON
from central_config.operations.model.capacity import LEAST, Trend, trend
from central_config.operations.model.reports import Section, Status
from central_config.operations.model.texts import size_text
from central_config.operations.service.upkeep.ground import Ground
from central_config.operations.store import sizes
from central_config.operations.store.sizes import DatedSize
from central_config.supervisor.local import local_paths

NAME = "capacity"
# What is older says little about what comes; what ends sooner has to be dealt with now (days).
_LOOKED_BACK = timedelta(days=90)
_SOON, _NOW = 90.0, 14.0
_LARGEST = 5
_REVISIONS = "cc_revision"


async def look(ground: Ground) -> Section:
    """Draw a line through the sizes of the last 90 days."""
    async with transaction(ground.database) as connection:
        since = ground.clock.now().date() - _LOOKED_BACK
        known = await sizes.history(connection, since)
    days = len({each.day for each in known})
    database = trend([(each.day, each.bytes) for each in known if not each.name])
    if database is None:
        words = f"not enough history: {days} of {LEAST} days are recorded, one each day"
        return Section(NAME, Status.SKIPPED, words, {"days": days})
    revisions = trend([(e.day, e.rows or 0) for e in known if e.name == _REVISIONS])
    facts: dict[str, JSON] = {
        "days": days,
        "database": _line(database),
        "tables": {name: _line(line) for name, line in _tables(known)},
        "revisions_a_day": None if revisions is None else revisions.a_day,
    }
    words = f"the database is {size_text(database.now)}, {_growth(database)}"
    if revisions is not None:
        words += f"; {max(revisions.a_day, 0):.1f} revisions a day"
    return _until_full(ground, database, words, facts)


def _until_full(ground: Ground, database: Trend, words: str, facts: dict[str, JSON]) -> Section:
    paths = local_paths(ground.settings)
    if paths is None:
        words += "; how large its disk is, is not known here"
        return Section(NAME, Status.OK, words, facts)
    free = shutil.disk_usage(paths.root).free
    left = database.days_until(database.now + free)
    facts |= {"disk_free_bytes": free, "days_left": left}
    if left is None:
        return Section(NAME, Status.OK, f"{words}; the disk will do", facts)
    words += f"; at that pace the disk is full in {left:.0f} days"
    if left > _SOON:
        return Section(NAME, Status.OK, words, facts)
    advice = [f"give {paths.root} more room, or compact history: ccfg compact"]
    return Section(NAME, Status.BAD if left < _NOW else Status.WARNING, words, facts, advice)


def _tables(known: Sequence[DatedSize]) -> list[tuple[str, Trend]]:
    last = known[-1].day
    largest = sorted(
        (each for each in known if each.day == last and each.name), key=lambda each: -each.bytes
    )
    lines = [
        (each.name, trend([(e.day, e.bytes) for e in known if e.name == each.name]))
        for each in largest[:_LARGEST]
    ]
    return [(name, line) for name, line in lines if line is not None]


def _line(line: Trend) -> dict[str, JSON]:
    return {"bytes": line.now, "bytes_a_day": line.a_day}


def _growth(line: Trend) -> str:
    if line.a_day > 0:
        return f"and grows by {size_text(line.a_day)} a day"
    return "and does not grow"
