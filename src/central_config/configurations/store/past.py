"""SQL of who changed what when, over all keys and environments of a workspace."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError

from central_config.configurations.model.past import Position, Wanted
from central_config.configurations.store.history import Version, version_of
from central_config.core.db import Connection
from central_config.secrets.model import Cipher

_COLUMNS = """
    SELECT c.environment_id, c.key, v.version, v.revision, v.action, v.status, v.body, v.sealed,
           v.change_id, r.published_at, r.actor_name AS author, r.message
"""
_COUNT, _AT_MOST = "SELECT count(*) FROM (SELECT 1", " LIMIT :most) AS found"
# How many there are is worth a moment, not a minute; SQLSTATE of a statement that took longer.
_PATIENCE = text("SET LOCAL statement_timeout = '3s'")
_CANCELLED = "57014"
_OF_WORKSPACE = """
    FROM cc_version AS v
    JOIN cc_configuration AS c ON c.id = v.configuration_id
    JOIN cc_revision AS r ON r.workspace_id = v.workspace_id AND r.revision = v.revision
    WHERE v.workspace_id = :workspace_id
      AND c.environment_id = ANY(CAST(:environments AS uuid[]))
"""
# Only what is asked stands in the statement: then each question gets the index that serves it.
_CONDITIONS = {
    "key": " AND c.key = :key",
    # Keys are ASCII and compared byte by byte, so this is a range of their index.
    "prefix": " AND c.key >= :prefix AND c.key < :prefix || chr(127)",
    "words": " AND c.key ILIKE ALL (CAST(:words AS text[]))",
    "secret": """ AND :secret = EXISTS (
        SELECT 1 FROM cc_key AS k
        WHERE k.workspace_id = v.workspace_id AND k.key = c.key AND k.secret)""",
    "author": " AND r.actor_name = :author",
    "action": " AND v.action = :action",
    "since": " AND r.published_at >= :since",
    "until": " AND r.published_at < :until",
}
_AFTER = """
      AND (v.revision {beyond} :after_revision OR v.revision = :after_revision
           AND (c.key, c.environment_id) > (:after_key, CAST(:after_environment AS uuid)))
"""
_NEWEST = " ORDER BY v.revision DESC, c.key, c.environment_id LIMIT :limit"
_OLDEST = " ORDER BY v.revision, c.key, c.environment_id LIMIT :limit"
_AFTER_NEWEST, _AFTER_OLDEST = _AFTER.format(beyond="<"), _AFTER.format(beyond=">")

_PUBLISHED = text("""
    SELECT revision FROM cc_revision
    WHERE workspace_id = :workspace_id AND revision = ANY(CAST(:revisions AS bigint[]))
      AND (CAST(:author AS text) IS NULL OR actor_name = :author)
      AND (CAST(:since AS timestamptz) IS NULL OR published_at >= :since)
      AND (CAST(:until AS timestamptz) IS NULL OR published_at < :until)
""")

_AUTHORS = text("""
    SELECT DISTINCT actor_name FROM cc_revision
    WHERE workspace_id = :workspace_id AND revision > :after AND revision <= :through
""")
_AUTHORS_OF = text(
    "SELECT DISTINCT r.actor_name"
    + _OF_WORKSPACE
    + _CONDITIONS["prefix"]
    + " AND v.revision > :after AND v.revision <= :through"
)


async def changes(  # noqa: PLR0913 - the parts of one question
    connection: Connection,
    workspace_id: UUID,
    environments: Sequence[UUID],
    wanted: Wanted,
    cipher: Cipher,
    *,
    after: Position | None,
    limit: int,
) -> list[Version]:
    """Return the changes of values in some environments that meet the conditions."""
    parameters = _parameters(workspace_id, environments, wanted) | {"limit": limit}
    order = _NEWEST if wanted.newest else _OLDEST
    if after is not None:
        order = (_AFTER_NEWEST if wanted.newest else _AFTER_OLDEST) + order
        parameters |= {
            "after_revision": after.revision,
            "after_key": after.key,
            "after_environment": after.environment_id,
        }
    rows = await connection.execute(_statement(_COLUMNS, wanted, order), parameters)
    return [version_of(row, cipher) for row in rows]


async def count_changes(
    connection: Connection,
    workspace_id: UUID,
    environments: Sequence[UUID],
    wanted: Wanted,
    most: int,
) -> int | None:
    """Return how many there are, counting no further than `most`; None: it takes too long.

    The transaction is of no more use afterwards.
    """
    parameters = _parameters(workspace_id, environments, wanted) | {"most": most}
    await connection.execute(_PATIENCE)
    try:
        found = await connection.execute(_statement(_COUNT, wanted, _AT_MOST), parameters)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _CANCELLED:
            raise
        return None
    return found.scalar_one()


def _asked(wanted: Wanted) -> Iterator[tuple[str, object]]:
    """Yield the conditions that say something, as the statement takes them."""
    for name in _CONDITIONS:
        value = getattr(wanted, name)
        if name == "words":
            value = [f"%{_escaped(word)}%" for word in wanted.words]
        if value is not None and value not in ("", []):
            yield name, value


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _statement(beginning: str, wanted: Wanted, end: str = "") -> TextClause:
    conditions = "".join(_CONDITIONS[name] for name, _ in _asked(wanted))
    return text(beginning + _OF_WORKSPACE + conditions + end)


def _parameters(
    workspace_id: UUID, environments: Sequence[UUID], wanted: Wanted
) -> dict[str, object]:
    places = {"workspace_id": workspace_id, "environments": list(environments)}
    return {**places, **dict(_asked(wanted))}


async def published(
    connection: Connection,
    workspace_id: UUID,
    revisions: Sequence[int],
    *,
    author: str | None,
    since: datetime | None,
    until: datetime | None,
) -> set[int]:
    """Return those of the revisions that somebody published, `since` <= then < `until`."""
    rows = await connection.execute(
        _PUBLISHED,
        {
            "workspace_id": workspace_id,
            "revisions": list(revisions),
            "author": author,
            "since": since,
            "until": until,
        },
    )
    return {row.revision for row in rows}


async def authors(
    connection: Connection, workspace_id: UUID, after: int, through: int
) -> list[str]:
    """Return the names of those who published a revision in (after, through]."""
    parameters = {"workspace_id": workspace_id, "after": after, "through": through}
    return [row.actor_name for row in await connection.execute(_AUTHORS, parameters)]


async def authors_of(
    connection: Connection,
    workspace_id: UUID,
    environments: Sequence[UUID],
    prefix: str,
    *,
    after: int,
    through: int,
) -> list[str]:
    """Return the names of those who changed keys of some environments in (after, through]."""
    parameters = {
        "workspace_id": workspace_id,
        "environments": list(environments),
        "prefix": prefix,
        "after": after,
        "through": through,
    }
    return [row.actor_name for row in await connection.execute(_AUTHORS_OF, parameters)]
