"""The database's daily and weekly care: what is over, room for what comes, sizes, VACUUM."""

from datetime import timedelta

from central_config.core.db import transaction
from central_config.core.json import JSON
from central_config.operations.model.reports import Section, Status
from central_config.operations.model.texts import size_text
from central_config.operations.service.housekeeping import Maintenance
from central_config.operations.service.reports import Reports
from central_config.operations.service.upkeep.ground import Ground
from central_config.operations.store import server, sizes, tables
from central_config.operations.store.alone import alone, each_by_itself

# Half of what PostgreSQL itself waits for before it forces a freeze at any cost.
_OLD_TRANSACTIONS = 1_000_000_000


async def expired(ground: Ground) -> Section:
    """Delete what is over."""
    keeping = Maintenance(ground.database, ground.clock)
    deleted: dict[str, JSON] = {
        "sessions": await keeping.sessions(),
        "answers": await keeping.answers(),
        "jobs": await keeping.jobs(),
        "reports": await Reports(ground.database, ground.clock).purge(),
    }
    words = ", ".join(f"{count} {name}" for name, count in deleted.items())
    return Section("expired rows", Status.OK, f"deleted: {words}", {"deleted": deleted})


async def partitions(ground: Ground) -> Section:
    """Make room for the audit log of the coming months."""
    facts = await Maintenance(ground.database, ground.clock).audit_partitions()
    words = f"the audit log has partitions for {facts['months_ahead']} months to come"
    return Section("audit partitions", Status.OK, words, facts)


async def statistics(ground: Ground) -> Section:
    """Look since when PostgreSQL counts. Nobody should reset it: autovacuum works from these."""
    async with transaction(ground.database) as connection:
        about = await server.about(connection)
    read = about.blks_hit + about.blks_read
    ratio = about.blks_hit / read if read else None
    facts: dict[str, JSON] = {
        "stats_reset": None if about.stats_reset is None else about.stats_reset.isoformat(),
        "buffer_hit_ratio": ratio,
        "deadlocks": about.deadlocks,
        "temp_bytes": about.temp_bytes,
    }
    words = "" if ratio is None else f"{ratio:.1%} of the blocks read came from memory, "
    words += f"{about.deadlocks} deadlocks"
    if about.stats_reset is not None and about.now - about.stats_reset < timedelta(days=1):
        advice = ["find who calls pg_stat_reset(), and stop it"]
        words = f"the counts were reset within the day, autovacuum works from them; {words}"
        return Section("statistics", Status.WARNING, words, facts, advice)
    return Section("statistics", Status.OK, f"never reset by maintenance; {words}", facts)


async def record_sizes(ground: Ground) -> Section:
    """Write down how large everything is today: what forecasts are made of."""
    today = ground.clock.now().date()
    async with transaction(ground.database) as connection:
        found = await sizes.now(connection)
        await sizes.record(connection, today, found)
        await sizes.purge(connection, today - timedelta(days=400))
    database = next(each for each in found if not each.name)
    largest = sorted((each for each in found if each.name), key=lambda each: -each.bytes)[:5]
    words = ", ".join(f"{each.name} {size_text(each.bytes)}" for each in largest[:3])
    facts: dict[str, JSON] = {
        "database_bytes": database.bytes,
        "largest": {each.name: each.bytes for each in largest},
    }
    summary = f"the database is {size_text(database.bytes)}; largest: {words}"
    return Section("sizes", Status.OK, summary, facts)


async def vacuum(ground: Ground) -> Section:
    """VACUUM (ANALYZE) the tables that need it, each by itself and outside of a transaction."""
    async with transaction(ground.database) as connection:
        before = {each.name: each for each in await tables.of_ours(connection)}
    due = [each for each in before.values() if each.is_due(ground.clock.now())]
    statements = {tables.vacuum(each.name): each.name for each in due}
    async with alone(ground.database, ground.direct_url) as driver:
        told = await each_by_itself(driver, list(statements))
    failed = {statements[statement]: why for statement, why in told.items()}
    async with transaction(ground.database) as connection:
        after = {each.name: each for each in await tables.of_ours(connection)}
    for each in due:
        if each.name in after and after[each.name].analyzed_at == each.analyzed_at:
            failed.setdefault(each.name, "somebody held it")
    done: dict[str, JSON] = {
        each.name: {"dead_before": each.dead, "dead_after": after[each.name].dead}
        for each in due
        if each.name not in failed and each.name in after
    }
    oldest = max((each.age for each in after.values()), default=0)
    facts: dict[str, JSON] = {
        "tables": len(before),
        "vacuumed": done,
        "failed": dict[str, JSON](failed),
        "oldest_transaction_age": oldest,
    }
    words = f"{len(done)} of {len(before)} tables were due and are vacuumed and analyzed"
    if oldest > _OLD_TRANSACTIONS:
        words += f"; the oldest row is {oldest} transactions old: autovacuum does not get there"
        return Section("vacuum", Status.BAD, words, facts, ["VACUUM (FREEZE);"])
    if failed:
        words += f"; not done: {', '.join(f'{name} ({why})' for name, why in failed.items())}"
        return Section("vacuum", Status.WARNING, words, facts)
    return Section("vacuum", Status.OK, words, facts)
