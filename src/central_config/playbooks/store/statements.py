"""The statements playbooks ask and act with; they run on PostgreSQL 15 to 18.

A session is named by its process, its start and the start of its last statement: the same process
number or even the same session with another statement is not hit. Texts of statements may hold
values, so only their first words are ever read.
"""
# ruff: noqa: S608 - composed of the constants in this file only


def lasting(statement: str, seconds: int) -> str:
    """Return the statement with its `:seconds` said: psql takes no arguments as we do."""
    return statement.replace(":seconds", str(seconds))


# What hits sessions takes these only: never replication, autovacuum or another database's.
_OURS = "a.datname = current_database() AND a.backend_type = 'client backend'"
# Backups, restores and migrations take long and hold locks rightly.
_NOT_MAINTENANCE = """a.application_name NOT IN
    ('pg_dump', 'pg_restore', 'pg_basebackup', 'central-config-ops', 'central-config-migrate',
     'central-config-backup', 'central-config-restore', 'central-config-drill')"""
_NOT_ME = "a.pid <> pg_backend_pid()"
_SESSION = """a.pid || ':' || (extract(epoch FROM a.backend_start) * 1000000)::bigint
    || ':' || coalesce((extract(epoch FROM a.query_start) * 1000000)::bigint, 0)"""
_WHO = "coalesce(nullif(a.application_name, ''), a.usename, a.backend_type)"
_WORDS = r"coalesce(substring(a.query from '^\s*(\w+(?:\s+\w+){0,2})'), '')"

LIMITS = """
    SELECT current_setting('max_connections')::int AS most,
           current_setting('superuser_reserved_connections')::int AS reserved,
           (SELECT count(*)::int FROM pg_stat_activity
            WHERE backend_type = 'client backend') AS taken
"""
BY_APPLICATION = f"""
    SELECT {_WHO} AS application, coalesce(a.state, '') AS state, count(*)::int AS sessions,
           coalesce(max(extract(epoch FROM now() - a.state_change)), 0)::int AS oldest_seconds
    FROM pg_stat_activity AS a WHERE a.backend_type = 'client backend' AND {_NOT_ME}
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 50
"""
# `:seconds`, see `lasting`: idle in their transaction at least so long.
IDLE_IN_TRANSACTION = f"""
    SELECT a.pid, {_SESSION} AS session, {_WHO} AS application,
           extract(epoch FROM now() - a.state_change)::int AS seconds
    FROM pg_stat_activity AS a
    WHERE {_OURS} AND {_NOT_ME} AND {_NOT_MAINTENANCE} AND a.state LIKE 'idle in transaction%'
      AND a.state_change < now() - make_interval(secs => :seconds)
    ORDER BY 4 DESC, 1 LIMIT 1000
"""
# Who holds what others wait for, and waits for nobody: the heads of the queues. Advisory locks are
# how programs take turns (migrations, schedulers): waiting for one is no fault.
BLOCKERS = f"""
    WITH waiting AS (
        SELECT pid, query_start, pg_blocking_pids(pid) AS blockers FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
          AND wait_event <> 'advisory'),
    heads AS (SELECT DISTINCT unnest(blockers) AS pid FROM waiting)
    SELECT a.pid, {_SESSION} AS session, {_WHO} AS application, coalesce(a.state, '') AS state,
           ({_OURS} AND {_NOT_MAINTENANCE}) AS ours, {_WORDS} AS words,
           coalesce(extract(epoch FROM now() - a.state_change), 0)::int AS seconds,
           (SELECT count(*)::int FROM waiting) AS waiting,
           (SELECT coalesce(max(extract(epoch FROM now() - query_start)), 0)::int
            FROM waiting) AS waited_seconds
    FROM heads JOIN pg_stat_activity AS a USING (pid)
    WHERE NOT EXISTS (SELECT FROM waiting AS w WHERE w.pid = a.pid) AND {_NOT_ME}
    ORDER BY 1 LIMIT 50
"""
# `:seconds`, see `lasting`: running at least so long, and not because it waits for a lock. Backups,
# maintenance and what builds indexes take long rightly.
LONG_STATEMENTS = f"""
    SELECT a.pid, {_SESSION} AS session, {_WHO} AS application, {_WORDS} AS words,
           extract(epoch FROM now() - a.query_start)::int AS seconds
    FROM pg_stat_activity AS a
    WHERE {_OURS} AND {_NOT_ME} AND a.state = 'active'
      AND a.wait_event_type IS DISTINCT FROM 'Lock'
      AND a.query_start < now() - make_interval(secs => :seconds)
      AND {_NOT_MAINTENANCE}
      AND a.query !~* '^\\s*(vacuum|analyze|reindex|create\\s|alter\\s|cluster|copy)'
    ORDER BY 5 DESC, 1 LIMIT 50
"""
# Each hits a session only while it is what it was planned for.
_HITS = f"{_OURS} AND {_NOT_ME} AND {_SESSION} = ANY($1::text[])"
_ASLEEP = "a.state LIKE 'idle in transaction%'"
_HOLDS_UP_OTHERS = """EXISTS (SELECT FROM pg_stat_activity AS w
    WHERE w.wait_event_type = 'Lock' AND a.pid = ANY(pg_blocking_pids(w.pid)))"""
_END = "SELECT a.pid, pg_terminate_backend(a.pid) AS ended FROM pg_stat_activity AS a"
CANCEL = f"""
    SELECT a.pid, pg_cancel_backend(a.pid) AS cancelled FROM pg_stat_activity AS a
    WHERE {_HITS} AND a.state = 'active'
"""
END_ASLEEP = f"{_END} WHERE {_HITS} AND {_ASLEEP}"
END_ACTIVE = f"{_END} WHERE {_HITS} AND a.state = 'active'"
END_BLOCKER = f"{_END} WHERE {_HITS} AND {_HOLDS_UP_OTHERS}"
# Literals are cut out, and utility statements (which may hold a password) are not read at all.
STATEMENTS = """
    SELECT left(regexp_replace(regexp_replace(query, '''[^'']*''', '?', 'g'),
                               '\\s+', ' ', 'g'), 100) AS statement,
           calls::int8 AS calls, round(total_exec_time::numeric)::int8 AS total_ms,
           round(mean_exec_time::numeric, 1)::float8 AS mean_ms
    FROM pg_stat_statements AS s JOIN pg_database AS d ON d.oid = s.dbid
    WHERE d.datname = 'central_config' AND query ~* '^\\s*(select|insert|update|delete|with)'
    ORDER BY total_exec_time DESC LIMIT 10
"""
INVALID_INDEXES = """
    SELECT format('%I.%I', n.nspname, c.relname) AS index
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE NOT i.indisvalid ORDER BY 1 LIMIT 50
"""
# A record in the write-ahead log, of no effect, flushed at its commit: only that proves that writes
# work. It stands in no table.
WRITES = "SELECT pg_logical_emit_message(true, 'central-config-ops', 'writes')::text AS place"
SLOTS = """
    SELECT slot_name::text AS slot, active, coalesce(
               pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::int8 AS kept_bytes
    FROM pg_replication_slots ORDER BY 3 DESC LIMIT 50
"""
DROP_SLOT = """
    SELECT pg_drop_replication_slot(slot_name)::text, slot_name::text FROM pg_replication_slots
    WHERE slot_name = $1 AND NOT active
"""
