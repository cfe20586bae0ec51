"""Reading the cells of a workspace: as they are, as they were, and what came since."""

from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from central_config.configurations.model.cells import ARCHIVED, Cell, Layers, Placed, Site
from central_config.core.db import Connection
from central_config.secrets.model import Cipher, SealBrokenError

log = structlog.get_logger(__name__)

# Rows taken between two pauses: other requests wait about half a millisecond for them.
_BLOCK = 500
# Shorter values occur again and again (true, 0, "", 8080) and are kept once (bytes).
_SHARED = 16

# In the order of keys, which makes putting them in order cheap.
_HEADS = """
    SELECT environment_id, key, status, body, sealed, version, revision
    FROM cc_configuration
    WHERE workspace_id = $1 AND version > 0
    ORDER BY environment_id, key COLLATE "C"
"""

# The last version of each configuration at a revision.
_HEADS_AT = """
    SELECT DISTINCT ON (v.configuration_id)
           c.environment_id, c.key, v.status, v.body, v.sealed, v.version, v.revision
    FROM cc_version AS v JOIN cc_configuration AS c ON c.id = v.configuration_id
    WHERE v.workspace_id = $1 AND v.revision <= $2
    ORDER BY v.configuration_id, v.version DESC
"""

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


class _Cells:
    """Makes cells of rows; equal parts of them are one object."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher
        self._parts: dict[Any, Any] = {}
        self._bodies: dict[bytes, bytes] = {}

    def of(self, row: Any) -> Cell:  # noqa: ANN401 - a row of either driver
        """Return the cell a row stands for."""
        status, revision = self._one(row["status"]), self._one(row["revision"])
        if row["sealed"] is not None:
            body, status = self._open(row, status)
            return Cell(body, status, row["version"], revision, secret=True)
        body = (row["body"] or "").encode()
        if len(body) <= _SHARED:
            body = self._bodies.setdefault(body, body)
        return Cell(body, status, row["version"], revision, secret=False)

    def _open(self, row: Any, status: str) -> tuple[bytes, str]:  # noqa: ANN401 - as above
        try:
            return self._cipher.open(row["environment_id"], row["key"], row["sealed"]), status
        except SealBrokenError:
            # One damaged value must not take the workspace with it, and must not show a parent's
            # value in its place: it is not served until somebody writes it again.
            log.exception("sealed value does not open", key=row["key"], version=row["version"])
            return b"", ARCHIVED

    def _one(self, part: Any) -> Any:  # noqa: ANN401 - a text or a number
        return self._parts.setdefault(part, part)


async def _layers(
    connection: Connection, cipher: Cipher, statement: str, *values: object
) -> Layers:
    """Read rows by the driver's own cursor: a third of the pool's cost for a million of them.

    The pool begins a transaction with its first statement only; the caller has made one.
    """
    driver: Any = (await connection.get_raw_connection()).driver_connection
    cells, found = _Cells(cipher), Layers()
    cursor = await driver.cursor(statement, *values)
    while rows := await cursor.fetch(_BLOCK):
        for row in rows:
            layer = found.get(row["environment_id"])
            if layer is None:
                layer = found[row["environment_id"]] = {}
            layer[row["key"]] = cells.of(row)
    return found


async def heads(connection: Connection, workspace_id: UUID, cipher: Cipher) -> Layers:
    """Return every published cell as it is now, tombstones included."""
    return await _layers(connection, cipher, _HEADS, workspace_id)


async def heads_at(
    connection: Connection, workspace_id: UUID, revision: int, cipher: Cipher
) -> Layers:
    """Return every cell as it was at a revision."""
    return await _layers(connection, cipher, _HEADS_AT, workspace_id, revision)


async def cells_since(
    connection: Connection, workspace_id: UUID, after: int, through: int, cipher: Cipher
) -> dict[int, list[Placed]]:
    """Return the cells that each revision in (after, through] set, by revision."""
    parameters = {"workspace_id": workspace_id, "after": after, "through": through}
    cells, found = _Cells(cipher), dict[int, list[Placed]]()
    for row in (await connection.execute(_SINCE, parameters)).mappings():
        placed = Placed(Site(row["environment_id"], row["key"]), cells.of(row))
        found.setdefault(row["revision"], []).append(placed)
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
