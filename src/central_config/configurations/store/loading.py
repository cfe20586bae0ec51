"""Reading the cells of a workspace: as they are, as they were, and what came since."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, text

from central_config.configurations.model.cells import ARCHIVED, Cell, Placed, Site
from central_config.core.db import Connection
from central_config.secrets.model import Cipher, SealBrokenError

log = structlog.get_logger(__name__)

_BLOCK = 2000

_HEADS = text("""
    SELECT environment_id, key, status, body, sealed, version, revision
    FROM cc_configuration
    WHERE workspace_id = :workspace_id AND version > 0
""")

# The last version of each configuration at a revision.
_HEADS_AT = text("""
    SELECT DISTINCT ON (v.configuration_id)
           c.environment_id, c.key, v.status, v.body, v.sealed, v.version, v.revision
    FROM cc_version AS v JOIN cc_configuration AS c ON c.id = v.configuration_id
    WHERE v.workspace_id = :workspace_id AND v.revision <= :revision
    ORDER BY v.configuration_id, v.version DESC
""")

_SINCE = text("""
    SELECT c.environment_id, c.key, v.status, v.body, v.sealed, v.version, v.revision
    FROM cc_version AS v JOIN cc_configuration AS c ON c.id = v.configuration_id
    WHERE v.workspace_id = :workspace_id AND v.revision > :after AND v.revision <= :through
    ORDER BY v.revision, v.version
""")

_COUNT_SINCE = text("""
    SELECT count(*) FROM (
        SELECT 1 FROM cc_version
        WHERE workspace_id = :workspace_id AND revision > :after LIMIT :limit) AS found
""")

_SECRET_KEYS = text("SELECT key FROM cc_key WHERE workspace_id = :workspace_id AND secret")

_ACTIVE = text("SELECT count(*) FROM cc_configuration WHERE status = 'active'")


def _placed(row: Row[Any], cipher: Cipher) -> Placed:
    site = Site(row.environment_id, row.key)
    if row.sealed is None:
        body = (row.body or "").encode()
        return Placed(site, Cell(body, row.status, row.version, row.revision, secret=False))
    try:
        body, status = cipher.open(site.environment_id, site.key, row.sealed), row.status
    except SealBrokenError:
        # One damaged value must not take the workspace with it, and must not show a parent's
        # value in its place: it is not served until somebody writes it again.
        log.exception("sealed value does not open", key=site.key, version=row.version)
        body, status = b"", ARCHIVED
    return Placed(site, Cell(body, status, row.version, row.revision, secret=True))


async def heads(
    connection: Connection, workspace_id: UUID, cipher: Cipher
) -> AsyncIterator[list[Placed]]:
    """Yield every published cell as it is now, tombstones included, in blocks."""
    result = await connection.stream(_HEADS, {"workspace_id": workspace_id})
    async for block in result.partitions(_BLOCK):
        yield [_placed(row, cipher) for row in block]


async def heads_at(
    connection: Connection, workspace_id: UUID, revision: int, cipher: Cipher
) -> AsyncIterator[list[Placed]]:
    """Yield every cell as it was at a revision, in blocks."""
    parameters = {"workspace_id": workspace_id, "revision": revision}
    result = await connection.stream(_HEADS_AT, parameters)
    async for block in result.partitions(_BLOCK):
        yield [_placed(row, cipher) for row in block]


async def cells_since(
    connection: Connection, workspace_id: UUID, after: int, through: int, cipher: Cipher
) -> dict[int, list[Placed]]:
    """Return the cells that each revision in (after, through] set, by revision."""
    parameters = {"workspace_id": workspace_id, "after": after, "through": through}
    found: dict[int, list[Placed]] = {}
    for row in (await connection.execute(_SINCE, parameters)).all():
        found.setdefault(row.revision, []).append(_placed(row, cipher))
    return found


async def count_since(connection: Connection, workspace_id: UUID, after: int, limit: int) -> int:
    """Return how many versions came after a revision, counting no further than `limit`."""
    parameters = {"workspace_id": workspace_id, "after": after, "limit": limit}
    return (await connection.execute(_COUNT_SINCE, parameters)).scalar_one()


async def secret_keys(connection: Connection, workspace_id: UUID) -> set[str]:
    """Return the keys that are secrets in this workspace."""
    rows = await connection.execute(_SECRET_KEYS, {"workspace_id": workspace_id})
    return {row.key for row in rows}


async def count_active(connection: Connection) -> int:
    """Return how many configurations are active, over all workspaces."""
    return (await connection.execute(_ACTIVE)).scalar_one()
