"""SQL of indexes as PostgreSQL counts them."""

import pkgutil
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

from sqlalchemy import text

import central_config
from central_config.core.db import Connection, metadata
from central_config.operations.model.indexes import IndexFacts

# Sizes wait for whoever holds a table alone; nobody should wait long for a figure.
_PATIENCE = text("SET LOCAL lock_timeout = '5s'")
# A part of an index on a partitioned table cannot be dropped alone: it counts for the whole.
_INDEXES = text("""
    SELECT format('%I.%I', n.nspname, top.relname) AS name,
           format('%I.%I', n.nspname, owner.relname) AS table,
           sum(pg_relation_size(c.oid))::bigint AS bytes,
           sum(coalesce(s.idx_scan, 0))::bigint AS scans,
           bool_or(i.indisunique OR i.indisexclusion
                   OR EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = c.oid)) AS guards,
           bool_and(i.indisvalid AND i.indisready) AS valid,
           CASE WHEN count(*) = 1 AND bool_and(am.amname = 'btree')
                THEN max(c.reltuples)::float8 END AS entries,
           CASE WHEN count(*) = 1 THEN max(w.width)::integer END AS width
    FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indexrelid AND c.relkind = 'i'
        JOIN pg_class AS t ON t.oid = i.indrelid AND pg_has_role(t.relowner, 'USAGE')
        JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'public'
        JOIN pg_am AS am ON am.oid = c.relam
        LEFT JOIN pg_inherits AS p ON p.inhrelid = c.oid
        JOIN pg_class AS top ON top.oid = coalesce(p.inhparent, c.oid)
        JOIN pg_index AS whole ON whole.indexrelid = top.oid
        JOIN pg_class AS owner ON owner.oid = whole.indrelid
        LEFT JOIN pg_stat_user_indexes AS s ON s.indexrelid = c.oid
        CROSS JOIN LATERAL (
            SELECT sum(coalesce(st.avg_width, 8)) AS width
            FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
                JOIN pg_attribute AS a
                    ON a.attrelid = CASE WHEN k.attnum = 0 THEN c.oid ELSE t.oid END
                    AND a.attnum = CASE WHEN k.attnum = 0 THEN k.place ELSE k.attnum END
                LEFT JOIN pg_stats AS st ON st.schemaname = n.nspname AND st.attname = a.attname
                    AND st.tablename = CASE WHEN k.attnum = 0 THEN c.relname ELSE t.relname END
        ) AS w
    GROUP BY 1, 2 ORDER BY 1
""")

# Indexes that answer the same questions; the first one stays: it guards something, or is older.
_SAME = text("""
    SELECT array_agg(format('%I.%I', n.nspname, c.relname)
                     ORDER BY i.indisprimary DESC, i.indisunique DESC, c.oid) AS names
    FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indexrelid
        JOIN pg_class AS t ON t.oid = i.indrelid AND pg_has_role(t.relowner, 'USAGE')
        JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'public'
    WHERE NOT EXISTS (SELECT FROM pg_inherits AS p WHERE p.inhrelid = c.oid)
    GROUP BY i.indrelid, c.relam, i.indkey::text, i.indclass::text, i.indcollation::text,
             i.indoption::text, coalesce(pg_get_expr(i.indexprs, i.indrelid), ''),
             coalesce(pg_get_expr(i.indpred, i.indrelid), '')
    HAVING count(*) > 1 AND NOT bool_and(i.indisunique)
""")


async def of_ours(connection: Connection) -> list[IndexFacts]:
    """Return every index on tables that belong to our role."""
    await connection.execute(_PATIENCE)
    return [IndexFacts(*row) for row in (await connection.execute(_INDEXES)).all()]


async def alike(connection: Connection) -> list[Sequence[str]]:
    """Return groups of indexes that are the same but for their name; the first should stay."""
    return [row.names for row in (await connection.execute(_SAME)).all()]


def declared() -> set[str]:
    """Return the names of the indexes that this version of the service makes itself."""
    for feature in pkgutil.iter_modules(central_config.__path__, "central_config."):
        # A worker has not imported all of them, and only what is imported is declared.
        if feature.ispkg and find_spec(f"{feature.name}.tables") is not None:
            import_module(f"{feature.name}.tables")
    return {
        f"{table.schema or 'public'}.{index.name}"
        for table in metadata.tables.values()
        for index in table.indexes
    }
