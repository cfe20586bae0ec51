"""SQL that looks and changes nothing; one statement a question, so that one connection does.

Works on PostgreSQL 15 to 18, as the service's own role; what only a superuser sees is NULL.
"""

# The state of the server and of our database.
STATE = """
    SELECT current_setting('server_version_num')::int AS version_num,
           current_setting('server_version') AS version,
           current_user::text AS role,
           (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
           pg_is_in_recovery() AS recovery,
           current_setting('default_transaction_read_only') = 'on' AS read_only,
           current_setting('max_connections')::int
             - current_setting('superuser_reserved_connections')::int
             - coalesce(current_setting('reserved_connections', true), '0')::int AS limit,
           (SELECT count(*) FROM pg_stat_activity
            WHERE backend_type = 'client backend') AS connected,
           (SELECT count(*) FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND datname = current_database()) AS ours,
           pg_database_size(current_database()) AS size,
           (SELECT age(datfrozenxid) FROM pg_database
            WHERE datname = current_database()) AS xid_age,
           current_setting('data_checksums') = 'on' AS checksums,
           current_setting('synchronous_commit') AS synchronous_commit,
           current_setting('fsync') = 'on' AS fsync,
           extract(epoch FROM clock_timestamp())::float8 AS moment,
           extract(epoch FROM now() - pg_postmaster_start_time())::float8 AS up_seconds
"""

# What clients of our database do that holds up others. Ages are seconds.
ACTIVITY = """
    SELECT count(*) FILTER (WHERE state = 'active' AND xact_start < now() - interval '5 minutes')
             AS long_running,
           count(*) FILTER (WHERE state LIKE 'idle in transaction%'
                              AND state_change < now() - interval '1 minute')
             AS idle_in_transaction,
           count(*) FILTER (WHERE wait_event_type = 'Lock') AS waiting,
           coalesce(max(extract(epoch FROM now() - xact_start)), 0)::float8 AS oldest_transaction,
           coalesce(max(extract(epoch FROM now() - state_change))
                    FILTER (WHERE wait_event_type = 'Lock'), 0)::float8 AS longest_wait
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND datname = current_database()
      AND pid <> pg_backend_pid()
"""

SLOTS = """
    SELECT slot_name::text AS name, active,
           CASE WHEN pg_is_in_recovery() THEN 0
                ELSE coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0) END::bigint
             AS retained,
           coalesce(wal_status, '') AS wal_status
    FROM pg_replication_slots
"""

ARCHIVER = """
    SELECT current_setting('archive_mode') AS mode,
           archived_count, failed_count,
           last_archived_wal, last_failed_wal,
           extract(epoch FROM now() - last_archived_time)::float8 AS archived_ago,
           extract(epoch FROM now() - last_failed_time)::float8 AS failed_ago,
           coalesce(last_failed_time > last_archived_time, last_failed_time IS NOT NULL) AS failing,
           extract(epoch FROM now() - stats_reset)::float8 AS counted_for
    FROM pg_stat_archiver
"""

# Of the scheduler: an advisory lock on a 64-bit number shows in two halves.
BEAT = """
    SELECT count(*) AS leaders FROM pg_locks
    WHERE locktype = 'advisory' AND classid = 0 AND objid = 1667458658 AND objsubid = 1 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

JOBS = """
    SELECT count(*) FILTER (WHERE status = 'queued') AS queued,
           count(*) FILTER (WHERE status = 'running') AS running,
           count(*) FILTER (WHERE status = 'running' AND heartbeat_at < now() - interval '60 s')
             AS silent,
           count(*) FILTER (WHERE status = 'failed' AND finished_at > now() - interval '1 day')
             AS failed,
           coalesce(max(extract(epoch FROM now() - run_after))
                    FILTER (WHERE status = 'queued'), 0)::float8 AS oldest
    FROM cc_job
"""

CLOCK = "SELECT extract(epoch FROM clock_timestamp())::float8 AS moment"

# When the audit log was last verified, and how it ended; the job's result is JSON.
LAST_JOB = """
    SELECT status, result, error, extract(epoch FROM now() - finished_at)::float8 AS ago
    FROM cc_job WHERE kind = $1 AND finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 1
"""

# The role's rights: what the service does to its own database.
RIGHTS = """
    SELECT has_database_privilege(current_database(), 'CONNECT') AS connect,
           has_database_privilege(current_database(), 'TEMPORARY') AS temporary,
           has_schema_privilege('public', 'USAGE') AS usage,
           has_schema_privilege('public', 'CREATE') AS create,
           (SELECT coalesce(array_agg(c.relname::text ORDER BY c.relname), '{}')
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname LIKE 'cc\\_%'
              AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
                       AND has_table_privilege(c.oid, 'UPDATE')
                       AND has_table_privilege(c.oid, 'DELETE'))) AS lacking,
           current_setting('server_encoding') AS encoding,
           current_setting('TimeZone') AS time_zone
"""

SCHEMA_REVISION = "SELECT version_num AS revision FROM alembic_version"
# Tables are counted without reading them.
TABLE_SIZES = """
    SELECT relname::text AS name, n_live_tup AS rows, n_dead_tup AS dead,
           pg_total_relation_size(relid) AS bytes, seq_scan, idx_scan,
           last_autovacuum::text AS last_autovacuum, last_autoanalyze::text AS last_autoanalyze
    FROM pg_stat_user_tables ORDER BY pg_total_relation_size(relid) DESC LIMIT 50
"""
DATABASE_STATISTICS = """
    SELECT numbackends, xact_commit, xact_rollback, blks_read, blks_hit, tup_returned, tup_fetched,
           conflicts, temp_files, temp_bytes, deadlocks, sessions_abandoned, sessions_fatal,
           sessions_killed, stats_reset::text AS stats_reset
    FROM pg_stat_database WHERE datname = current_database()
"""
# No text of a statement: it may hold values.
CONNECTIONS = """
    SELECT application_name, state, wait_event_type, backend_type, count(*) AS count
    FROM pg_stat_activity GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC LIMIT 100
"""
JOB_SUMMARY = """
    SELECT kind, status, count(*) AS count, max(finished_at)::text AS last_finished,
           max(attempts) AS most_attempts
    FROM cc_job GROUP BY kind, status ORDER BY kind, status
"""
ADMINISTRATOR = """
    SELECT username, password_hash, must_change_password, active FROM cc_user WHERE username = $1
"""
# Complete segments that wait, and what the log takes; needs pg_monitor.
ARCHIVE_WAITING = """
    SELECT (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready') AS waiting,
           (SELECT coalesce(sum(size), 0)::bigint FROM pg_ls_waldir()) AS log_bytes
"""

# A key by the hash of its token, or by the visible beginning; a session by its hash.
KEYS = """
    SELECT k.id::text AS id, k.name, k.prefix, w.slug AS workspace, k.environments, k.key_prefix,
           k.access, k.secrets, u.username AS created_by,
           extract(epoch FROM now() - k.created_at)::float8 AS age,
           extract(epoch FROM now() - k.last_used)::float8 AS used_ago,
           k.usage_count, k.expires_at <= now() AS expired, k.revoked_at IS NOT NULL AS revoked
    FROM api_keys k JOIN cc_workspace w ON w.id = k.workspace_id
    LEFT JOIN cc_user u ON u.id = k.created_by
    WHERE k.key_hash = $1::bytea OR k.prefix = $2
"""
SESSIONS = """
    SELECT s.id::text AS id, s.user_id::text AS user_id, u.username, s.client_ip, s.user_agent,
           extract(epoch FROM now() - s.created_at)::float8 AS age, s.expires_at <= now() AS expired
    FROM cc_session s JOIN cc_user u ON u.id = s.user_id WHERE s.token_hash = $1::bytea
"""
# What somebody did, and from where.
DEEDS = """
    SELECT action, client_ip, count(*) AS count, max(created_at)::text AS last
    FROM cc_audit_log WHERE actor_id = $1::uuid
    GROUP BY action, client_ip ORDER BY count(*) DESC LIMIT 20
"""
# Who else has the database open: whoever changed rows past the service may still be there.
STRANGERS = """
    SELECT usename::text AS role, application_name, client_addr::text AS address,
           backend_start::text AS since
    FROM pg_stat_activity
    WHERE datname = current_database() AND application_name NOT LIKE 'central-config%'
      AND pid <> pg_backend_pid()
"""
# Names only; asked for expressly.
KEY_NAMES = """
    SELECT w.slug AS workspace, e.slug AS environment, c.key, c.status
    FROM cc_configuration c JOIN cc_workspace w ON w.id = c.workspace_id
    JOIN cc_environment e ON e.id = c.environment_id ORDER BY 1, 2, 3 LIMIT 100000
"""
