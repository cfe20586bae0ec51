"""The one statement that turns checked publications of a workspace into revisions.

It is a transaction by itself where it is all there is to do: one round trip, one flush to disk.
It says what it relies on - the workspace's revision and the end of its audit chain - and where
either is not so any more, it does nothing at all and returns no row.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from central_config.audit.service import EXPECTED_END, LINKED, Head
from central_config.configurations.store.rows import PublicationRow, VersionRow
from central_config.core.db import Connection
from central_config.core.json import encode
from central_config.core.lane import Lane, Statement
from central_config.workspaces.service import ADVANCED, EXPECTED_WORKSPACE, REVISION_CHANNEL

# Heads first (the last version of a place wins), then a version row for each, joined by place.
_GIVEN = """
    given AS MATERIALIZED (
        SELECT v.*, ready.moment FROM ready, json_to_recordset(:versions::json)
        AS v (environment_id uuid, key text, version integer, revision bigint, change_id uuid,
              action text, status text, body text, sealed text)
    ), head AS (
        INSERT INTO cc_configuration AS c (workspace_id, environment_id, key, status, body, sealed,
                                           version, revision, created_at, updated_at)
        SELECT DISTINCT ON (environment_id, key COLLATE "C")
               :workspace_id::uuid, environment_id, key, status, body, decode(sealed, 'base64'),
               version, revision, moment, moment
        FROM given ORDER BY environment_id, key COLLATE "C", version DESC
        ON CONFLICT (environment_id, key) DO UPDATE
        SET status = excluded.status, body = excluded.body, sealed = excluded.sealed,
            version = excluded.version, revision = excluded.revision,
            updated_at = excluded.updated_at
        RETURNING c.id, c.environment_id, c.key
    ), versioned AS (
        INSERT INTO cc_version (configuration_id, version, workspace_id, revision, change_id,
                                action, status, body, sealed)
        SELECT head.id, g.version, :workspace_id::uuid, g.revision, g.change_id, g.action,
               g.status, g.body, decode(g.sealed, 'base64')
        FROM given AS g JOIN head ON head.environment_id = g.environment_id
                                  AND head.key = g.key COLLATE "C"
    )
"""

_COMMIT = Statement(f"""
    WITH {EXPECTED_WORKSPACE}, {EXPECTED_END}, ready AS MATERIALIZED (
        SELECT moment FROM chain_end
    ), published AS MATERIALIZED (
        SELECT p.*, ready.moment FROM ready, json_to_recordset(:publications::json)
        AS p (change_id uuid, revision bigint, stored boolean, kind text, message text,
              actor_kind text, actor_id uuid, actor_name text, request_id text, client_ip text,
              edit_count integer, details text, previous text, hash text)
    ), {_GIVEN}, changed AS (
        INSERT INTO cc_change (id, workspace_id, status, kind, message, author_kind, author_id,
                               author_name, base_revision, revision, created_at, published_at,
                               published_by, edit_count, edition, responsible_id)
        SELECT change_id, :workspace_id::uuid, 'published', kind, message, actor_kind, actor_id,
               actor_name, revision - 1, revision, moment, moment, actor_name, edit_count, 1,
               actor_id
        FROM published WHERE NOT stored
    ), linked AS (
        SELECT revision - :expected AS place, 'change.published' AS action,
               change_id::text AS target, actor_kind, actor_id, actor_name, request_id, client_ip,
               details, decode(previous, 'base64') AS previous, decode(hash, 'base64') AS hash
        FROM published
    ), {LINKED}, {ADVANCED}
    SELECT moment, CASE WHEN :payload::text <> '' THEN
        pg_notify('{REVISION_CHANNEL}', :payload)::text END FROM ready
""")  # noqa: S608 - made of constants

# Versions that are too many for one statement, in a transaction that holds the workspace.
_VERSIONS = Statement(f"""
    WITH ready AS (SELECT :moment::timestamptz AS moment), {_GIVEN} SELECT 1
""")

_REVISION = Statement("""
    SELECT revision FROM cc_workspace WHERE id = :workspace_id::uuid AND deleted_at IS NULL
""")


class Commit(msgspec.Struct):
    """Publications of one workspace, checked against its revision `expected`.

    `after` is the time of that revision, `moment` the one they are to get (None: the present or
    `after`, whichever is later), `linked_at` that of the audit events, `end` and `new_end`
    where the audit chain ends before and after, and `payload` what replicas are told, "" for
    nothing.
    """

    workspace_id: UUID
    expected: int
    after: datetime
    moment: datetime | None
    linked_at: datetime
    end: Head
    new_end: Head
    publications: list[PublicationRow]
    versions: list[VersionRow]
    payload: str

    def values(self) -> list[object]:
        """Return the parameters of the statement in their order."""
        found = {
            "after": self.after,
            "moment": self.moment,
            "workspace_id": self.workspace_id,
            "expected": self.expected,
            "sequence": self.end.sequence,
            "end": self.end.hash,
            "publications": encode(self.publications).decode(),
            "versions": encode(self.versions).decode(),
            "linked_at": self.linked_at,
            "count": len(self.publications),
            "new_end": self.new_end.hash,
            "payload": self.payload,
        }
        return [found[name] for name in _COMMIT.names]


async def commit_at_once(lane: Lane, commit: Commit) -> datetime | None:
    """Commit, as a transaction of its own; return the time of the revisions.

    None: something it relies on is not so any more, and nothing was done.
    """
    row = await lane.first(_COMMIT, commit.values())
    return None if row is None else row["moment"]


async def commit_within(connection: Connection, commit: Commit) -> datetime | None:
    """Do the same as part of a transaction that has begun."""
    row = await _COMMIT.within(connection, commit.values())
    return None if row is None else row["moment"]


async def insert_versions(
    connection: Connection, workspace_id: UUID, rows: Sequence[VersionRow], moment: datetime
) -> None:
    """Write versions of a workspace that the transaction holds."""
    found = {"moment": moment, "workspace_id": workspace_id, "versions": encode(rows).decode()}
    await _VERSIONS.within(connection, [found[name] for name in _VERSIONS.names])


async def revision_at_once(lane: Lane, workspace_id: UUID) -> int | None:
    """Return the workspace's last revision; None when it was deleted."""
    row = await lane.first(_REVISION, [workspace_id])
    return None if row is None else row["revision"]
