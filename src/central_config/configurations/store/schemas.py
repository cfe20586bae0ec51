"""SQL of schema rules."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import delete, insert, select, update

from central_config.configurations.model.schemas import SchemaRule
from central_config.configurations.tables import cc_schema_rule
from central_config.core.db import Connection


async def rules(connection: Connection, workspace_id: UUID) -> list[SchemaRule]:
    """Return the rules of a workspace by name."""
    query = (
        select(cc_schema_rule)
        .where(cc_schema_rule.c.workspace_id == workspace_id)
        .order_by(cc_schema_rule.c.name)
    )
    names = SchemaRule.__struct_fields__
    rows = (await connection.execute(query)).all()
    return [SchemaRule(*(getattr(row, name) for name in names)) for row in rows]


async def insert_rule(
    connection: Connection, workspace_id: UUID, rule: SchemaRule, moment: datetime
) -> None:
    """Insert a rule; a taken name raises the driver's unique violation."""
    values = msgspec.structs.asdict(rule)
    values |= {"workspace_id": workspace_id, "created_at": moment, "updated_at": moment}
    await connection.execute(insert(cc_schema_rule).values(values))


async def update_rule(
    connection: Connection, rule_id: UUID, values: Mapping[str, object], moment: datetime
) -> None:
    """Set columns of a rule."""
    query = update(cc_schema_rule).where(cc_schema_rule.c.id == rule_id)
    await connection.execute(query.values({**values, "updated_at": moment}))


async def delete_rule(connection: Connection, rule_id: UUID) -> None:
    """Delete a rule."""
    await connection.execute(delete(cc_schema_rule).where(cc_schema_rule.c.id == rule_id))
