"""SQL of reviews and review policies."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import and_, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from central_config.assistant.model.reviews.policies import Policy
from central_config.assistant.model.reviews.review import Stored
from central_config.assistant.tables import cc_review, cc_review_policy
from central_config.core.db import Connection
from central_config.core.json import encode

_slugs = msgspec.json.Decoder(tuple[str, ...]).decode
_COLUMNS = Stored.__struct_fields__


async def find(
    connection: Connection, change_id: UUID, edition: int, fingerprint: str
) -> Stored | None:
    """Return what was asked of a model about these findings."""
    table = cc_review.c
    query = select(cc_review).where(
        table.change_id == change_id, table.edition == edition, table.fingerprint == fingerprint
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Stored(**row)


async def by_id(connection: Connection, review_id: UUID) -> Stored | None:
    """Return a stored review."""
    query = select(cc_review).where(cc_review.c.id == review_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Stored(**row)


async def ask(connection: Connection, review: Stored, *, instead_of: Stored | None) -> bool:
    """Keep that a model is to be asked, in the place of what came of it before.

    False: that is not what is kept any more; somebody else has asked meanwhile.
    """
    values = {name: getattr(review, name) for name in _COLUMNS}
    again = {name: value for name, value in values.items() if name not in _IDENTITY}
    query = insert(cc_review).values(values)
    query = query.on_conflict_do_update(
        index_elements=["change_id", "edition", "fingerprint"],
        set_={**again, "id": review.id},
        where=and_(
            cc_review.c.id == (None if instead_of is None else instead_of.id),
            cc_review.c.status == (None if instead_of is None else instead_of.status),
        ),
    )
    return (await connection.execute(query)).rowcount > 0


_IDENTITY = frozenset({"change_id", "edition", "fingerprint"})


async def finish(
    connection: Connection, review_id: UUID, status: str, content: bytes, moment: datetime
) -> bool:
    """Keep what became of asking; False when it is not waited for any more."""
    query = (
        update(cc_review)
        .where(cc_review.c.id == review_id, cc_review.c.status == "queued")
        .values(status=status, content=content, finished_at=moment)
    )
    return (await connection.execute(query)).rowcount > 0


async def policies(connection: Connection, workspace_id: UUID) -> Sequence[Policy]:
    """Return the review policies of a workspace, by name."""
    table = cc_review_policy
    query = select(table).where(table.c.workspace_id == workspace_id).order_by(table.c.name)
    return [
        Policy(
            name=row.name,
            pattern=row.pattern,
            environments=_slugs(row.environments),
            severity=row.severity,
            advice=row.advice,
        )
        for row in await connection.execute(query)
    ]


async def put_policy(connection: Connection, workspace_id: UUID, policy: Policy) -> None:
    """Create or replace a policy."""
    values = {
        "pattern": policy.pattern,
        "environments": encode(policy.environments).decode(),
        "severity": policy.severity,
        "advice": policy.advice,
    }
    query = insert(cc_review_policy).values(workspace_id=workspace_id, name=policy.name, **values)
    query = query.on_conflict_do_update(index_elements=["workspace_id", "name"], set_=values)
    await connection.execute(query)


async def delete_policy(connection: Connection, workspace_id: UUID, name: str) -> bool:
    """Delete a policy; False when there is none of that name."""
    table = cc_review_policy
    query = delete(table).where(table.c.workspace_id == workspace_id, table.c.name == name)
    return (await connection.execute(query)).rowcount > 0
