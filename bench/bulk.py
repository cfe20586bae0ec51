"""Fills workspaces by SQL, as one published change (or as many) would have left them.

A million keys through the API would take most of a run. Heads, versions, changes, revisions and the
workspace's own revision agree with each other; only the audit log lacks an entry for them, so its
chain stays intact. The API process is not running meanwhile.
"""

from bench import database
from bench.servers.ours import Ours
from central_config.core.ids import new_id

_PLACE = """(SELECT w.id AS workspace_id, w.revision, e.id AS environment_id
    FROM cc_workspace AS w JOIN cc_environment AS e ON e.workspace_id = w.id
    WHERE w.slug = '{slug}' AND e.slug = 'prod') AS place"""
_CHANGE = """
    INSERT INTO cc_change (id, workspace_id, status, kind, message, author_kind, author_name,
                           base_revision, revision, created_at, published_at, published_by,
                           edit_count, edition)
    SELECT '{change}', workspace_id, 'published', 'change', 'filled', 'user', 'bench', revision,
           revision + 1, now(), now(), 'bench', {count}, 1 FROM """
_REVISIONS = """
    INSERT INTO cc_revision (workspace_id, revision, kind, published_at, actor_name, message,
                             change_id)
    SELECT workspace_id, revision + i, 'change', now(), 'bench', 'filled', {change}
    FROM generate_series(1, {revisions}) AS i, """
# As autovacuum would have done by the time somebody asks.
_ANALYZE = ("ANALYZE cc_configuration", "ANALYZE cc_version", "ANALYZE cc_revision")
_MOVE = "UPDATE cc_workspace SET revision = revision + {revisions} WHERE slug = '{slug}'"


def keys(ours: Ours, slug: str, count: int) -> None:
    """Add `count` keys of 20 bytes with values of 40 bytes, in one revision."""
    place, change = _PLACE.format(slug=slug), new_id()
    database.execute(
        ours.postgres.url,
        "BEGIN",
        _CHANGE.format(change=change, count=count) + place,
        f"""INSERT INTO cc_configuration (workspace_id, environment_id, key, status, body, version,
                                          revision, created_at, updated_at)
            SELECT workspace_id, environment_id,
                   'area' || lpad((i / 1000)::text, 4, '0') || '/item/' || lpad(i::text, 7, '0'),
                   'active', '"' || lpad(i::text, 38, 'v') || '"', 1, revision + 1, now(), now()
            FROM generate_series(0, {count} - 1) AS i, {place}""",
        f"""INSERT INTO cc_version (configuration_id, version, workspace_id, revision, change_id,
                                    action, status, body)
            SELECT c.id, 1, c.workspace_id, c.revision, '{change}', 'set', 'active', c.body
            FROM cc_configuration AS c JOIN {place} USING (environment_id)
            WHERE c.revision = place.revision + 1""",
        _REVISIONS.format(revisions=1, change=f"'{change}'::uuid") + place,
        _MOVE.format(revisions=1, slug=slug),
        "COMMIT",
        *_ANALYZE,
    )


def history(ours: Ours, slug: str, key: str, revisions: int) -> None:
    """Add `revisions` revisions of one key that exists already."""
    place = _PLACE.format(slug=slug)
    database.execute(
        ours.postgres.url,
        "BEGIN",
        f"""INSERT INTO cc_version (configuration_id, version, workspace_id, revision, action,
                                    status, body)
            SELECT c.id, c.version + i, c.workspace_id, place.revision + i, 'set', 'active',
                   '"' || lpad(i::text, 38, 'v') || '"'
            FROM generate_series(1, {revisions}) AS i, cc_configuration AS c
            JOIN {place} USING (environment_id) WHERE c.key = '{key}'""",
        _REVISIONS.format(revisions=revisions, change="NULL::uuid") + place,
        f"""UPDATE cc_configuration AS c SET version = c.version + {revisions},
                   revision = place.revision + {revisions},
                   body = '"' || lpad('{revisions}', 38, 'v') || '"'
            FROM {place} WHERE c.environment_id = place.environment_id AND c.key = '{key}'""",
        _MOVE.format(revisions=revisions, slug=slug),
        "COMMIT",
        *_ANALYZE,
    )
