"""Freezes what there is to see of a broken audit log, before anybody changes anything.

Nothing here repairs a chain: a log that was mended proves nothing.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from central_config.audit.model import Record, encode_heads, encode_record, verify_export
from central_config.audit.model.export import decode_record
from central_config.audit.service import AuditService, Bounds
from central_config.core.clock import Clock, rfc3339
from central_config.core.db import Database
from central_config.core.json import JSON
from central_config.playbooks.model.errors import RefusedError, UnreachableError
from central_config.playbooks.service.world import World
from central_config.playbooks.store import questions
from central_config.playbooks.store.opened import opened

EXPORT, REPORT, SUMS = "audit-log.jsonl", "report.json", "SHA256SUMS"
_BLOCK = 1024 * 1024
_PRIVATE = 0o700
# Differences told in full.
_SHOWN = 100


class Frozen(NamedTuple):
    """What was written, and the first event that is wrong; None when the chains hold."""

    directory: Path
    broken: str | None
    differences: int | None


async def freeze(
    world: World, directory: Path, clock: Clock, compare: Sequence[Path] = ()
) -> Frozen:
    """Write the log as it is, what is wrong with it, and who else has the database open.

    `compare`: earlier exports; each event that stood otherwise in them is named.

    Raises:
        RefusedError: the directory is there and not empty.
        UnreachableError: the database does not answer.
    """
    _make_room(directory)
    async with opened(world.settings) as database:
        await _export(database, directory / EXPORT)
        report = await AuditService(database).verify()
    broken = None
    place: JSON = None
    if report.broken is not None:
        at = report.broken
        broken = f"event {at.sequence} of the chain {at.chain}: {at.reason}"
        place = {"chain": str(at.chain), "sequence": at.sequence, "reason": at.reason}
    differences = _compare(directory / EXPORT, compare) if compare else None
    told: dict[str, JSON] = {
        "made_at": rfc3339(clock.now()),
        "events": report.events,
        "broken": place,
        "compared_with": [each.name for each in compare],
        "differences": None if differences is None else [*differences[:_SHOWN]],
        "others_in_the_database": await _strangers(world),
    }
    text = msgspec.json.format(msgspec.json.encode(told), indent=2)
    (directory / REPORT).write_bytes(text + b"\n")
    _sums(directory)
    return Frozen(directory, broken, None if differences is None else len(differences))


def _make_room(directory: Path) -> None:
    if directory.exists() and any(directory.iterdir()):
        raise RefusedError(f"{directory} is not empty; evidence is never written over")
    directory.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)


async def _export(database: Database, path: Path) -> None:
    bounds = Bounds()
    with path.open("xb") as file:
        async for block in AuditService(database).stream(None, bounds):
            file.write(b"".join(encode_record(each) + b"\n" for each in block))
        file.write(encode_heads(bounds.heads, bounds.starts) + b"\n")


def _compare(present: Path, earlier: Sequence[Path]) -> list[JSON]:
    """Return the events of earlier exports that are gone or stand otherwise now."""
    before = {(str(each.chain), each.sequence): each for path in earlier for each in _records(path)}
    now = {(str(each.chain), each.sequence): each for each in _records(present)}
    found: list[JSON] = []
    for place in sorted(before):
        old, new = before[place], now.get(place)
        if new == old:
            continue
        fields = ["gone"] if new is None else _changed(old, new)
        found.append({"chain": place[0], "sequence": place[1], "changed": [*fields]})
    return found


def _changed(old: Record, new: Record) -> list[str]:
    return [name for name in Record.__struct_fields__ if getattr(old, name) != getattr(new, name)]


def _records(path: Path) -> list[Record]:
    with path.open("rb") as file:
        return [
            decode_record(line) for line in file if line.strip() and b'{"heads"' not in line[:8]
        ]


def earlier_holds(path: Path) -> bool:
    """Tell whether an earlier export proves itself: only then is it worth comparing with."""
    with path.open("rb") as file:
        return verify_export(file).broken is None


async def _strangers(world: World) -> JSON:
    try:
        return list[JSON](await world.rows(questions.STRANGERS))
    except UnreachableError as error:
        return str(error)


def _sums(directory: Path) -> None:
    """Write the checksums, so that nobody can say later that the evidence was changed."""
    lines = [f"{_sum(directory / name)}  {name}" for name in (EXPORT, REPORT)]
    (directory / SUMS).write_text("\n".join(lines) + "\n", encoding="ascii")


def _sum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
