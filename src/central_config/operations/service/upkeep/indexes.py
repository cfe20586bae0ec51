"""Advice on indexes: bloated, unused, doubled, broken ones, and tables read from end to end."""

from datetime import timedelta

from central_config.core.db import transaction
from central_config.core.json import JSON
from central_config.operations.model import indexes as model
from central_config.operations.model.indexes import IndexFacts
from central_config.operations.model.reports import Section, Status
from central_config.operations.model.tables import TableFacts
from central_config.operations.model.texts import size_text
from central_config.operations.service.upkeep.ground import Ground
from central_config.operations.store import indexes, server, tables
from central_config.operations.store.alone import alone, each_by_itself

# Of statistics that are younger "never used" says little.
_OLD_ENOUGH = timedelta(days=14)
# Rows a scan reads on average, and scans, from which on an index may be missing.
_MANY_ROWS, _OFTEN = 10_000, 50


async def bloat(ground: Ground) -> Section:
    """Find indexes worth rebuilding, and with `apply` rebuild them beside traffic."""
    found = await _indexes(ground)
    bloated = [each for each in found if each.is_bloated]
    if not bloated:
        return Section("index bloat", Status.OK, f"none of {len(found)} indexes is bloated")
    facts: dict[str, JSON] = {
        "bloated": {each.name: {"bytes": each.bytes, "expected": each.expected} for each in bloated}
    }
    words = ", ".join(
        f"{each.name} takes {size_text(each.bytes)} where {size_text(each.expected or 0)} would do"
        for each in bloated
    )
    commands = [model.rebuild(each.name) for each in bloated]
    if not ground.apply:
        return Section("index bloat", Status.WARNING, words, facts, commands)
    async with alone(ground.database, ground.direct_url) as driver:
        failed = await each_by_itself(driver, commands)
    now = {each.name: each.bytes for each in await _indexes(ground)}
    facts["rebuilt"] = {each.name: now.get(each.name) for each in bloated}
    if failed:
        why = "; ".join(failed.values())
        summary = f"{words}; not rebuilt: {why}"
        return Section("index bloat", Status.WARNING, summary, facts, list(failed))
    freed = sum(each.bytes - now.get(each.name, 0) for each in bloated)
    return Section("index bloat", Status.OK, f"{words}; rebuilt, {size_text(freed)} freed", facts)


async def unused(ground: Ground) -> Section:
    """Find indexes nobody reads by. Those of the service itself stay: another week may."""
    async with transaction(ground.database) as connection:
        about = await server.about(connection)
        found = await indexes.of_ours(connection)
    idle = model.unused(found)
    if about.stats_reset is not None and about.now - about.stats_reset < _OLD_ENOUGH:
        words = f"not judged: PostgreSQL counts since {about.stats_reset:%Y-%m-%d} only"
        return Section("unused indexes", Status.SKIPPED, words)
    own = indexes.declared()
    foreign = [each for each in idle if each.name not in own]
    facts: dict[str, JSON] = {
        "of_the_service": [each.name for each in idle if each.name in own],
        "others": {each.name: each.bytes for each in foreign},
    }
    if not foreign:
        words = f"{len(found)} indexes; none that somebody added by hand is unused"
        return Section("unused indexes", Status.OK, words, facts)
    words = ", ".join(f"{each.name} ({size_text(each.bytes)}) was never used" for each in foreign)
    advice = [model.drop(each.name) for each in foreign]
    return Section("unused indexes", Status.WARNING, words, facts, advice)


async def doubled(ground: Ground) -> Section:
    """Find indexes that are the same but for their name, and ones a broken build left behind."""
    async with transaction(ground.database) as connection:
        groups = await indexes.alike(connection)
        found = await indexes.of_ours(connection)
    own = indexes.declared()
    extra = [_superfluous(list(names), own) for names in groups]
    broken = [each.name for each in found if not each.valid]
    facts: dict[str, JSON] = {
        "same": [list[JSON](names) for names in groups],
        "broken": list[JSON](broken),
    }
    names = [*(name for some in extra for name in some), *broken]
    if not names:
        words = "no index is there twice, or half built"
        return Section("doubled indexes", Status.OK, words, facts)
    said = [f"{', '.join(group)} are the same" for group in groups]
    said += [f"{name} was not built to its end" for name in broken]
    advice = [model.drop(name) for name in names]
    return Section("doubled indexes", Status.WARNING, "; ".join(said), facts, advice)


def _superfluous(names: list[str], own: set[str]) -> list[str]:
    """Return all but the one to keep: of the service if there is one, else the first."""
    keep = next((name for name in names if name in own), names[0])
    return [name for name in names if name != keep]


async def sequential_scans(ground: Ground) -> Section:
    """Find large tables that are often read from end to end."""
    async with transaction(ground.database) as connection:
        found = await tables.of_ours(connection)
    read = [each for each in found if _is_read_whole(each)]
    if not read:
        words = f"none of {len(found)} tables is large and often read from end to end"
        return Section("sequential scans", Status.OK, words)
    words = ", ".join(
        f"{each.name} was read whole {each.sequential_scans} times, "
        f"{each.sequential_rows // each.sequential_scans} rows each time"
        for each in read
    )
    facts: dict[str, JSON] = {
        each.name: {"scans": each.sequential_scans, "rows": each.sequential_rows} for each in read
    }
    advice = [
        f"look for {each.name} among the statements that take most time, and EXPLAIN them: an "
        "index on what they filter by may be missing"
        for each in read
    ]
    return Section("sequential scans", Status.WARNING, words, facts, advice)


def _is_read_whole(table: TableFacts) -> bool:
    if table.live < _MANY_ROWS or table.sequential_scans < _OFTEN:
        return False
    return table.sequential_rows / table.sequential_scans > _MANY_ROWS


async def _indexes(ground: Ground) -> list[IndexFacts]:
    async with transaction(ground.database) as connection:
        return await indexes.of_ours(connection)
