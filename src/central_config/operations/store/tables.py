"""SQL of our tables as PostgreSQL counts them, and of their VACUUM."""

from sqlalchemy import text

from central_config.core.db import Connection
from central_config.operations.model.tables import TableFacts

_TABLES = text("""
    SELECT format('%I.%I', s.schemaname, s.relname) AS name,
           s.n_live_tup AS live, s.n_dead_tup AS dead, s.n_mod_since_analyze AS changed,
           greatest(s.last_vacuum, s.last_autovacuum) AS vacuumed_at,
           greatest(s.last_analyze, s.last_autoanalyze) AS analyzed_at,
           age(c.relfrozenxid) AS age,
           s.seq_scan, s.seq_tup_read, coalesce(s.idx_scan, 0) AS idx_scan
    FROM pg_stat_user_tables AS s JOIN pg_class AS c ON c.oid = s.relid
    WHERE c.relkind = 'r' AND pg_has_role(c.relowner, 'USAGE')
    ORDER BY name
""")


async def of_ours(connection: Connection) -> list[TableFacts]:
    """Return every table that belongs to our role, partitions by themselves."""
    return [TableFacts(*row) for row in (await connection.execute(_TABLES)).all()]


def vacuum(name: str) -> str:
    """Return the statement that cleans and analyzes a table of `of_ours`.

    A table somebody holds on to is left for the next time rather than waited for.
    """
    return f"VACUUM (ANALYZE, SKIP_LOCKED) {name}"
