"""SQL of workspaces, environments and revisions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, insert, select, text, update

from central_config.core.db import Connection
from central_config.workspaces.model import (
    Environment,
    Gap,
    Locked,
    RevisionRow,
    Timeline,
    Timestamp,
    Topology,
    Workspace,
)
from central_config.workspaces.tables import cc_environment, cc_revision, cc_workspace

REVISION_CHANNEL = "cc_revision"
# A NOTIFY payload holds 8,000 bytes; a listener takes this as "look at every workspace".
EVERY_WORKSPACE = "*"
_NAMED_AT_MOST = 100

_topology_encoder = msgspec.json.Encoder()
_topology_decoder = msgspec.json.Decoder(list[Environment])


_LOCK = text("""
    SELECT w.id, w.revision,
           greatest(clock_timestamp(), coalesce(r.published_at, w.created_at)) AS published_at
    FROM cc_workspace AS w
    LEFT JOIN cc_revision AS r ON r.workspace_id = w.id AND r.revision = w.revision
    WHERE w.id = ANY(CAST(:ids AS uuid[])) AND w.deleted_at IS NULL
    ORDER BY w.id
    FOR NO KEY UPDATE OF w
""")

_ADVANCE = text("""
    WITH moved AS (
        UPDATE cc_workspace AS w SET revision = r.revision
        FROM (SELECT workspace_id, max(revision) AS revision
              FROM unnest(CAST(:workspace_id AS uuid[]), CAST(:revision AS bigint[]))
                   AS u (workspace_id, revision) GROUP BY 1) AS r
        WHERE w.id = r.workspace_id)
    INSERT INTO cc_revision (workspace_id, revision, kind, published_at, actor_name, message,
                             change_id, topology)
    SELECT * FROM unnest(
        CAST(:workspace_id AS uuid[]), CAST(:revision AS bigint[]), CAST(:kind AS text[]),
        CAST(:published_at AS timestamptz[]), CAST(:actor_name AS text[]),
        CAST(:message AS text[]), CAST(:change_id AS uuid[]), CAST(:topology AS text[]))
""")


# Parts of a statement that publishes into one workspace (see `core.lane.Statement`).
#
# The workspace, locked, if it is still at the revision the publications were checked against; and
# the time they get: `moment`, or the present, but never before the revision before them, `after`.
EXPECTED_WORKSPACE = """
    workspace AS MATERIALIZED (
        SELECT id, coalesce(:moment::timestamptz,
                        greatest(clock_timestamp(), :after::timestamptz)) AS moment
    FROM cc_workspace
        WHERE id = :workspace_id::uuid AND revision = :expected::bigint AND deleted_at IS NULL
        FOR NO KEY UPDATE)
"""
# The revisions of `published`, and the workspace at the last of them.
ADVANCED = """
    moved AS (
        UPDATE cc_workspace AS w SET revision = :expected + :count::integer
        FROM ready WHERE w.id = :workspace_id::uuid),
    advanced AS (
        INSERT INTO cc_revision (workspace_id, revision, kind, published_at, actor_name, message,
                                 change_id)
        SELECT :workspace_id::uuid, revision, 'change', moment, actor_name, message, change_id
        FROM published)
"""


# The database is known by its number too: one that was put in its place by other means than ours
# has another.
_TIMELINE = text("""
    SELECT (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database,
           (SELECT restore_id FROM cc_restoration
            ORDER BY restored_at DESC, restore_id DESC LIMIT 1) AS restore
""")

_GAPS = text("""
    SELECT after_revision, revision FROM cc_restoration
    WHERE workspace_id = :workspace_id ORDER BY revision
""")

_MOVE_PAST = text("""
    WITH past AS (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:revisions AS bigint[]))
                      AS p (workspace_id, revision)
    ), wanted AS (
        SELECT w.id, w.revision AS after,
               greatest(w.revision, coalesce(p.revision, 0)) + CAST(:margin AS bigint) AS revision
        FROM cc_workspace AS w LEFT JOIN past AS p ON p.workspace_id = w.id
    ), moved AS (
        UPDATE cc_workspace AS w SET revision = wanted.revision
        FROM wanted WHERE wanted.id = w.id RETURNING w.id, wanted.after, w.revision
    ), told AS (
        INSERT INTO cc_revision (workspace_id, revision, kind, published_at, actor_name, message)
        SELECT m.id, m.revision, 'restored', greatest(clock_timestamp(), last.published_at),
               :actor, :message
        FROM moved AS m LEFT JOIN cc_revision AS last
             ON last.workspace_id = m.id AND last.revision = m.after
    ), noted AS (
        INSERT INTO cc_restoration (workspace_id, revision, after_revision, restore_id, restored_at)
        SELECT id, revision, after, :restore_id, clock_timestamp() FROM moved
    )
    SELECT id, after, revision FROM moved
""")


async def lock(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Locked]:
    """Lock workspaces in the order of their ids; deleted ones are missing from the answer.

    `published_at` is the time a revision made now gets: never before the one before it, even
    when the machine's clock was set back.
    """
    rows = (await connection.execute(_LOCK, {"ids": sorted(set(ids))})).all()
    return {row.id: Locked(row.id, row.revision, row.published_at) for row in rows}


async def advance(connection: Connection, rows: Sequence[RevisionRow]) -> None:
    """Record new revisions of locked workspaces and tell every replica with ONE notification."""
    names = RevisionRow.__struct_fields__
    columns = {name: [getattr(row, name) for row in rows] for name in names}
    await connection.execute(_ADVANCE, columns)
    await notify(connection, {row.workspace_id: row.revision for row in rows})


def announcement(revisions: Mapping[UUID, int]) -> str:
    """Return what a notification says of workspaces that moved."""
    if len(revisions) > _NAMED_AT_MOST:
        return EVERY_WORKSPACE
    return ",".join(f"{workspace}:{number}" for workspace, number in revisions.items())


async def notify(connection: Connection, revisions: Mapping[UUID, int]) -> None:
    """Send the hint that these workspaces moved; it goes out when the transaction commits."""
    await connection.execute(
        text("SELECT pg_notify(:channel, :payload)"),
        {"channel": REVISION_CHANNEL, "payload": announcement(revisions)},
    )


def _workspace(row: Row[Any]) -> Workspace:
    return Workspace(
        row.id,
        row.slug,
        row.name,
        row.description,
        row.revision,
        row.oldest_revision,
        row.created_at,
    )


async def insert_workspace(connection: Connection, workspace: Workspace) -> None:
    """Insert a workspace; a taken slug raises the driver's unique violation."""
    await connection.execute(insert(cc_workspace).values(msgspec.structs.asdict(workspace)))


async def workspace_by_slug(connection: Connection, slug: str) -> Workspace | None:
    """Return the workspace, or None."""
    query = select(cc_workspace).where(
        cc_workspace.c.slug == slug, cc_workspace.c.deleted_at.is_(None)
    )
    row = (await connection.execute(query)).first()
    return None if row is None else _workspace(row)


async def workspaces(
    connection: Connection, only: Sequence[UUID] | None, after: str | None, limit: int
) -> list[Workspace]:
    """Return workspaces by slug; `only` limits to these ids, None means all."""
    table = cc_workspace.c
    query = select(cc_workspace).where(table.deleted_at.is_(None)).order_by(table.slug).limit(limit)
    if only is not None:
        query = query.where(table.id.in_(only))
    if after is not None:
        query = query.where(table.slug > after)
    return [_workspace(row) for row in (await connection.execute(query)).all()]


async def update_workspace(
    connection: Connection, workspace_id: UUID, values: Mapping[str, object]
) -> None:
    """Set columns of a workspace."""
    query = update(cc_workspace).where(cc_workspace.c.id == workspace_id).values(dict(values))
    await connection.execute(query)


async def revisions_now(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return the present revision of each workspace that still exists."""
    table = cc_workspace.c
    query = select(table.id, table.revision).where(table.id.in_(ids), table.deleted_at.is_(None))
    return {row.id: row.revision for row in (await connection.execute(query)).all()}


async def workspace_by_id(connection: Connection, workspace_id: UUID) -> Workspace | None:
    """Return the workspace, or None when it is deleted or never was."""
    query = select(cc_workspace).where(
        cc_workspace.c.id == workspace_id, cc_workspace.c.deleted_at.is_(None)
    )
    row = (await connection.execute(query)).first()
    return None if row is None else _workspace(row)


async def topology(connection: Connection, workspace_id: UUID) -> Topology:
    """Return the environments as they are now."""
    table = cc_environment.c
    query = (
        select(cc_environment)
        .where(table.workspace_id == workspace_id, table.deleted_at.is_(None))
        .order_by(table.slug)
    )
    rows = (await connection.execute(query)).all()
    return Topology(
        Environment(row.id, row.slug, row.parent_id, row.requires_approval, row.description)
        for row in rows
    )


async def topology_at(connection: Connection, workspace_id: UUID, revision: int) -> Topology:
    """Return the environments as they were at a revision."""
    table = cc_revision.c
    query = (
        select(table.topology)
        .where(
            table.workspace_id == workspace_id,
            table.revision <= revision,
            table.topology.is_not(None),
        )
        .order_by(table.revision.desc())
        .limit(1)
    )
    found = (await connection.execute(query)).scalar_one_or_none()
    return Topology([] if found is None else _topology_decoder.decode(found))


def encode_topology(found: Topology) -> str:
    """Return the form a revision row keeps."""
    return _topology_encoder.encode(list(found.by_id.values())).decode()


async def insert_environment(
    connection: Connection, workspace_id: UUID, environment: Environment, moment: datetime
) -> None:
    """Insert an environment."""
    values = msgspec.structs.asdict(environment)
    values |= {"workspace_id": workspace_id, "created_at": moment}
    await connection.execute(insert(cc_environment).values(values))


async def update_environment(
    connection: Connection, environment_id: UUID, values: Mapping[str, object]
) -> None:
    """Set columns of an environment."""
    query = update(cc_environment).where(cc_environment.c.id == environment_id)
    await connection.execute(query.values(dict(values)))


async def revision_at(
    connection: Connection, workspace_id: UUID, moment: datetime
) -> Timestamp | None:
    """Return the last revision published at or before a moment; None when there was none."""
    table = cc_revision.c
    query = (
        select(table.revision, table.published_at)
        .where(table.workspace_id == workspace_id, table.published_at <= moment)
        .order_by(table.revision.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    return None if row is None else Timestamp(row.revision, row.published_at)


async def revision_rows(
    connection: Connection, workspace_id: UUID, *, after: int, through: int
) -> list[RevisionRow]:
    """Return the revisions in (after, through], oldest first."""
    table = cc_revision.c
    query = (
        select(cc_revision)
        .where(
            table.workspace_id == workspace_id, table.revision > after, table.revision <= through
        )
        .order_by(table.revision)
    )
    return [_revision(row) for row in (await connection.execute(query)).all()]


async def revision_page(
    connection: Connection, workspace_id: UUID, before: int | None, limit: int
) -> list[RevisionRow]:
    """Return revisions, newest first, below `before`."""
    table = cc_revision.c
    query = select(cc_revision).where(table.workspace_id == workspace_id)
    if before is not None:
        query = query.where(table.revision < before)
    query = query.order_by(table.revision.desc()).limit(limit)
    return [_revision(row) for row in (await connection.execute(query)).all()]


def _revision(row: Row[Any]) -> RevisionRow:
    return RevisionRow(*(getattr(row, name) for name in RevisionRow.__struct_fields__))


async def timeline(connection: Connection) -> Timeline:
    """Return which past this database has."""
    row = (await connection.execute(_TIMELINE)).one()
    return Timeline(row.database, row.restore)


async def gaps(connection: Connection, workspace_id: UUID) -> tuple[Gap, ...]:
    """Return the revisions that restores took away, oldest first."""
    rows = await connection.execute(_GAPS, {"workspace_id": workspace_id})
    return tuple(Gap(row.after_revision, row.revision) for row in rows)


async def move_past(
    connection: Connection,
    past: Mapping[UUID, int],
    margin: int,
    restore_id: UUID,
    actor: str,
    message: str,
) -> dict[UUID, Gap]:
    """Move every workspace `margin` revisions past what it had; return what each skipped.

    Nobody else may write meanwhile.
    """
    parameters = {
        "ids": list(past),
        "revisions": list(past.values()),
        "margin": margin,
        "restore_id": restore_id,
        "actor": actor,
        "message": message,
    }
    rows = await connection.execute(_MOVE_PAST, parameters)
    return {row.id: Gap(row.after, row.revision) for row in rows}
