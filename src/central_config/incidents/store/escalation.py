"""SQL of the escalation schedule, and of who has been told of which incident."""

from datetime import datetime
from typing import cast

from sqlalchemy import RowMapping, delete, select, text

from central_config.core.db import Connection
from central_config.core.json import decode, encode
from central_config.incidents.model.escalation import Step, in_order
from central_config.incidents.tables import cc_escalation_notice, cc_escalation_step

_SAVE = text("""
    INSERT INTO cc_escalation_step (role, name, after_minutes, condition, targets)
    VALUES (:role, :name, :after_minutes, :condition, :targets)
    ON CONFLICT (role) DO UPDATE SET name = excluded.name, targets = excluded.targets,
        after_minutes = excluded.after_minutes, condition = excluded.condition
""")
# Whoever inserts the row tells people; anybody else who tries waits for that, and then does not.
_NOTE = text("""
    INSERT INTO cc_escalation_notice (incident_id, role, at) VALUES (:incident_id, :role, :at)
    ON CONFLICT DO NOTHING RETURNING role
""")


async def steps(connection: Connection) -> list[Step]:
    """Return the schedule in the order of time."""
    rows = (await connection.execute(select(cc_escalation_step))).mappings()
    return in_order(_step(row) for row in rows)


async def save(connection: Connection, step: Step) -> None:
    """Write a step over the one of its role, or add it."""
    values = {name: getattr(step, name) for name in Step.__struct_fields__}
    values["targets"] = encode(step.targets).decode()
    await connection.execute(_SAVE, values)


async def remove(connection: Connection, role: str) -> bool:
    """Delete the step of a role; False when there is none."""
    statement = delete(cc_escalation_step).where(cc_escalation_step.c.role == role)
    return (await connection.execute(statement)).rowcount > 0


async def note(connection: Connection, incident_id: str, role: str, at: datetime) -> bool:
    """Note that the role is told of the incident; False when it has been before."""
    values = {"incident_id": incident_id, "role": role, "at": at}
    return (await connection.execute(_NOTE, values)).scalar_one_or_none() is not None


async def told(connection: Connection, incident_id: str) -> set[str]:
    """Return the roles that have been told of an incident."""
    table = cc_escalation_notice.c
    query = select(table.role).where(table.incident_id == incident_id)
    return set((await connection.execute(query)).scalars())


def _step(row: RowMapping) -> Step:
    targets = cast("list[str]", decode(row["targets"]))
    return Step(row["role"], row["name"], row["after_minutes"], row["condition"], tuple(targets))
