"""SQL of incidents, timelines and action items."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, and_, func, insert, select, text, update

from central_config.core.db import Connection
from central_config.core.json import decode, encode
from central_config.incidents.model.incidents import Action, Contact, Entry, Incident, day_prefix
from central_config.incidents.tables import cc_incident, cc_incident_action, cc_incident_entry

# Numbers of a day, and the incidents of a group of alerts, are given by one at a time ("ccin").
_LOCK = text("SELECT pg_advisory_xact_lock(1667459438)")
_LAST_OF_DAY = text("""
    SELECT max(CAST(split_part(id, '-', 4) AS integer)) FROM cc_incident
    WHERE starts_with(id, :prefix)
""")
_CONTACT = {"contact_name": "name", "contact_phone": "phone", "contact_email": "email"}
_LISTS = ("services", "alerts_firing")


async def take_turn(connection: Connection) -> None:
    """Wait until nobody else opens an incident, and let nobody until the transaction ends."""
    await connection.execute(_LOCK)


async def next_number(connection: Connection, moment: datetime) -> int:
    """Return the number of the day's next incident; the caller has its turn."""
    found = await connection.execute(_LAST_OF_DAY, {"prefix": day_prefix(moment)})
    return (found.scalar_one() or 0) + 1


async def add(connection: Connection, incident: Incident) -> None:
    """Insert an incident."""
    await connection.execute(insert(cc_incident).values(_columns(incident)))


async def save(connection: Connection, incident: Incident) -> None:
    """Write what may have changed of an incident."""
    values = _columns(incident)
    key = values.pop("id")
    await connection.execute(update(cc_incident).where(cc_incident.c.id == key).values(values))


async def find(connection: Connection, incident_id: str, *, lock: bool = False) -> Incident | None:
    """Return an incident, locked until the transaction ends if so asked."""
    query = select(cc_incident).where(cc_incident.c.id == incident_id)
    if lock:
        query = query.with_for_update()
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _incident(row)


async def of_group(connection: Connection, alert_group: str) -> Incident | None:
    """Lock and return the open incident of a group of alerts."""
    table = cc_incident.c
    query = (
        select(cc_incident)
        .where(table.alert_group == alert_group, table.status != "resolved")
        .with_for_update()
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _incident(row)


async def page(
    connection: Connection,
    conditions: Mapping[str, object],
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[Incident]:
    """Return incidents, newest first; conditions are `status`, `severity` and `open`."""
    table = cc_incident.c
    clauses: list[Any] = []
    for name, value in conditions.items():
        if name == "open":
            clauses.append((table.status != "resolved") == value)
        else:
            clauses.append(table[name] == value)
    if before is not None:
        moment, key = before
        older = table.opened_at < moment
        clauses.append(older | ((table.opened_at == moment) & (table.id < key)))
    query = (
        select(cc_incident)
        .where(and_(True, *clauses))
        .order_by(table.opened_at.desc(), table.id.desc())
        .limit(limit)
    )
    return [_incident(row) for row in (await connection.execute(query)).mappings()]


async def open_ids(connection: Connection) -> list[str]:
    """Return the incidents that go on, oldest first."""
    table = cc_incident.c
    query = select(table.id).where(table.status != "resolved").order_by(table.opened_at, table.id)
    return list((await connection.execute(query)).scalars())


async def add_entries(connection: Connection, entries: Sequence[Entry]) -> None:
    """Append to timelines."""
    if entries:
        rows = [
            {name: getattr(entry, name) for name in Entry.__struct_fields__} for entry in entries
        ]
        await connection.execute(insert(cc_incident_entry), rows)


async def entries(
    connection: Connection, incident_id: str, before: int | None, limit: int
) -> list[tuple[int, Entry]]:
    """Return the last entries of a timeline, or those before one, with their numbers, in order."""
    table = cc_incident_entry.c
    names = Entry.__struct_fields__
    query = select(table.id, *(table[name] for name in names)).where(
        table.incident_id == incident_id
    )
    if before is not None:
        query = query.where(table.id < before)
    rows = await connection.execute(query.order_by(table.id.desc()).limit(limit))
    found = [(row.id, Entry(*(getattr(row, name) for name in names))) for row in rows]
    return found[::-1]


async def add_action(connection: Connection, action: Action) -> Action:
    """Insert an action item with the next number; the caller holds the incident's lock."""
    table = cc_incident_action.c
    last = select(func.coalesce(func.max(table.number), 0)).where(
        table.incident_id == action.incident_id
    )
    number = (await connection.execute(last)).scalar_one() + 1
    numbered = Action(
        action.incident_id, number, action.text, action.owner, action.due, action.done_at
    )
    await connection.execute(insert(cc_incident_action).values(_fields(numbered)))
    return numbered


async def save_action(connection: Connection, action: Action) -> None:
    """Write what may have changed of an action item."""
    table = cc_incident_action.c
    await connection.execute(
        update(cc_incident_action)
        .where(table.incident_id == action.incident_id, table.number == action.number)
        .values(_fields(action))
    )


async def actions(connection: Connection, incident_id: str) -> list[Action]:
    """Return the action items of an incident in the order they were made."""
    table = cc_incident_action.c
    query = (
        select(cc_incident_action).where(table.incident_id == incident_id).order_by(table.number)
    )
    return [Action(**row) for row in (await connection.execute(query)).mappings()]


def _fields(action: Action) -> dict[str, Any]:
    return {name: getattr(action, name) for name in Action.__struct_fields__}


def _columns(incident: Incident) -> dict[str, Any]:
    names = (name for name in Incident.__struct_fields__ if name != "contact")
    values = {name: getattr(incident, name) for name in names}
    values |= {name: encode(values[name]).decode() for name in _LISTS}
    return values | {column: getattr(incident.contact, part) for column, part in _CONTACT.items()}


def _incident(row: RowMapping) -> Incident:
    values: dict[str, Any] = dict(row)
    for name in _LISTS:
        values[name] = tuple(decode(values[name]))  # pyright: ignore[reportArgumentType]
    contact = Contact(**{part: values.pop(column) for column, part in _CONTACT.items()})
    return Incident(contact=contact, **values)
