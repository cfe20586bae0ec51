"""SQL of checklists that were gone through."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, and_, insert, select, update

from central_config.core.db import Connection
from central_config.core.json import encode
from central_config.incidents.model.checklists import ItemState, Run
from central_config.incidents.tables import cc_checklist_run

_items = msgspec.json.Decoder(tuple[ItemState, ...]).decode


async def add(connection: Connection, run: Run) -> None:
    """Insert a run."""
    await connection.execute(insert(cc_checklist_run).values(_columns(run)))


async def save(connection: Connection, run: Run) -> None:
    """Write what may have changed of a run."""
    values = _columns(run)
    key = values.pop("id")
    await connection.execute(
        update(cc_checklist_run).where(cc_checklist_run.c.id == key).values(values)
    )


async def find(connection: Connection, run_id: UUID, *, lock: bool = False) -> Run | None:
    """Return a run, locked until the transaction ends if so asked."""
    query = select(cc_checklist_run).where(cc_checklist_run.c.id == run_id)
    if lock:
        query = query.with_for_update()
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _run(row)


async def page(
    connection: Connection, conditions: Mapping[str, str], before: UUID | None, limit: int
) -> list[Run]:
    """Return runs, newest first, whose columns have the values of the conditions."""
    clauses = [cc_checklist_run.c[name] == value for name, value in conditions.items()]
    if before is not None:
        clauses.append(cc_checklist_run.c.id < before)
    query = (
        select(cc_checklist_run)
        .where(and_(True, *clauses))
        .order_by(cc_checklist_run.c.id.desc())
        .limit(limit)
    )
    return [_run(row) for row in (await connection.execute(query)).mappings()]


def _columns(run: Run) -> dict[str, Any]:
    values = {name: getattr(run, name) for name in Run.__struct_fields__}
    return values | {"items": encode(run.items).decode(), "green": run.green}


def _run(row: RowMapping) -> Run:
    values: dict[str, Any] = dict(row)
    del values["green"]
    values["items"] = _items(values["items"])
    return Run(**values)
