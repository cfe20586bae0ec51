"""SQL of recommendations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Row, text

from central_config.assistant.model.advice.advice import Advice
from central_config.assistant.model.advice.remembering import Merged, Recommendation
from central_config.core.db import Connection
from central_config.core.ids import new_id

_SELECT = """
    SELECT r.*, c.status IS NOT NULL AND c.status IN ('draft', 'in_review', 'approved') AS pending
    FROM cc_recommendation AS r LEFT JOIN cc_change AS c ON c.id = r.change_id
"""
_ALL = text(f"{_SELECT} WHERE r.workspace_id = :workspace_id ORDER BY r.kind, r.id")
_ONE = text(f"{_SELECT} WHERE r.workspace_id = :workspace_id AND r.id = :id")
_INSERT = text("""
    INSERT INTO cc_recommendation (id, workspace_id, kind, subject, facts, advice, status,
                                   found_at, seen_at)
    SELECT u.id, :workspace_id, u.kind, u.subject, u.facts, u.advice, 'open', :moment, :moment
    FROM unnest(CAST(:id AS uuid[]), CAST(:kind AS text[]), CAST(:subject AS text[]),
                CAST(:facts AS text[]), CAST(:advice AS text[]))
         AS u (id, kind, subject, facts, advice)
    ON CONFLICT (workspace_id, subject) DO NOTHING
""")
# What was decided between the scan's look and this moment stands: that has another time.
_AGAIN = text("""
    UPDATE cc_recommendation AS r
    SET facts = u.facts, advice = u.advice, status = 'open', seen_at = :moment, change_id = NULL
    FROM unnest(CAST(:id AS uuid[]), CAST(:facts AS text[]), CAST(:advice AS text[]),
                CAST(:decided_at AS timestamptz[]))
         AS u (id, facts, advice, decided_at)
    WHERE r.id = u.id AND r.decided_at IS NOT DISTINCT FROM u.decided_at
""")
_FORGET = text("""
    DELETE FROM cc_recommendation AS r
    USING unnest(CAST(:id AS uuid[]), CAST(:decided_at AS timestamptz[])) AS u (id, decided_at)
    WHERE r.id = u.id AND r.decided_at IS NOT DISTINCT FROM u.decided_at
""")
_DECIDE = text("""
    UPDATE cc_recommendation SET status = :status, decided_at = :moment, decided_by = :by,
        reason = :reason
    WHERE id = :id AND workspace_id = :workspace_id AND status = :expected RETURNING id
""")
_DRAFTED = text("UPDATE cc_recommendation SET change_id = :change_id WHERE id = :id")
_SCANNED = text("""
    INSERT INTO cc_advice_scan (workspace_id, revision, scanned_at, left_off)
    VALUES (:workspace_id, :revision, :moment, :left_off)
    ON CONFLICT (workspace_id) DO UPDATE SET revision = excluded.revision,
        scanned_at = excluded.scanned_at, left_off = excluded.left_off
""")
_SCAN = text("SELECT * FROM cc_advice_scan WHERE workspace_id = :workspace_id")
_WORKSPACES = text("SELECT id FROM cc_workspace WHERE deleted_at IS NULL ORDER BY id")

_decoder = msgspec.json.Decoder(Advice)


class Scan(NamedTuple):
    """The last scan of a workspace; `left_off` are kinds of which there is more."""

    revision: int
    scanned_at: datetime
    left_off: tuple[str, ...]


class Decision(NamedTuple):
    """What is decided about a recommendation that is `expected` to have a status."""

    status: str
    expected: str
    moment: datetime | None
    by: str | None
    reason: str | None


def _recommendation(row: Row[Any]) -> Recommendation:
    return Recommendation(
        id=row.id,
        advice=_decoder.decode(row.advice),
        facts=row.facts,
        status=row.status,
        found_at=row.found_at,
        seen_at=row.seen_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        reason=row.reason,
        change_id=row.change_id,
        pending=row.pending,
    )


async def everything(connection: Connection, workspace_id: UUID) -> list[Recommendation]:
    """Return all recommendations of a workspace, by kind."""
    rows = await connection.execute(_ALL, {"workspace_id": workspace_id})
    return [_recommendation(row) for row in rows]


async def find(connection: Connection, workspace_id: UUID, id_: UUID) -> Recommendation | None:
    """Return a recommendation."""
    row = (await connection.execute(_ONE, {"workspace_id": workspace_id, "id": id_})).one_or_none()
    return None if row is None else _recommendation(row)


async def keep(
    connection: Connection, workspace_id: UUID, merged: Merged, moment: datetime
) -> None:
    """Keep what a scan makes of what was known when it began."""
    new = merged.new
    if new:
        columns: dict[str, object] = {
            "workspace_id": workspace_id,
            "moment": moment,
            "id": [new_id() for _ in new],
            "kind": [each.advice.kind for each in new],
            "subject": [each.advice.subject for each in new],
            "facts": [each.facts for each in new],
            "advice": [_encoded(each.advice) for each in new],
        }
        await connection.execute(_INSERT, columns)
    if merged.again:
        columns = {
            "moment": moment,
            "id": [before.id for before, _ in merged.again],
            "decided_at": [before.decided_at for before, _ in merged.again],
            "facts": [each.facts for _, each in merged.again],
            "advice": [_encoded(each.advice) for _, each in merged.again],
        }
        await connection.execute(_AGAIN, columns)
    if merged.gone:
        columns = {
            "id": [before.id for before in merged.gone],
            "decided_at": [before.decided_at for before in merged.gone],
        }
        await connection.execute(_FORGET, columns)


async def decide(connection: Connection, workspace_id: UUID, id_: UUID, decision: Decision) -> bool:
    """Keep a decision; False where the recommendation has another status by now."""
    values = {"id": id_, "workspace_id": workspace_id, **decision._asdict()}
    return (await connection.execute(_DECIDE, values)).one_or_none() is not None


async def drafted(connection: Connection, id_: UUID, change_id: UUID) -> None:
    """Note the change that was made of a recommendation."""
    await connection.execute(_DRAFTED, {"id": id_, "change_id": change_id})


async def scanned(connection: Connection, workspace_id: UUID, scan: Scan) -> None:
    """Note that a workspace was scanned."""
    values = {
        "workspace_id": workspace_id,
        "revision": scan.revision,
        "moment": scan.scanned_at,
        "left_off": msgspec.json.encode(scan.left_off).decode(),
    }
    await connection.execute(_SCANNED, values)


async def last_scan(connection: Connection, workspace_id: UUID) -> Scan | None:
    """Return the last scan; None before the first."""
    row = (await connection.execute(_SCAN, {"workspace_id": workspace_id})).one_or_none()
    if row is None:
        return None
    left_off = msgspec.json.decode(row.left_off, type=tuple[str, ...])
    return Scan(row.revision, row.scanned_at, left_off)


async def workspaces(connection: Connection) -> Sequence[UUID]:
    """Return every workspace there is."""
    return list((await connection.execute(_WORKSPACES)).scalars())


def _encoded(advice: Advice) -> str:
    return msgspec.json.encode(advice).decode()
