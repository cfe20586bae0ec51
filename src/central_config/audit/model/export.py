"""An export of the audit log: a text file that proves itself without the database.

One JSON object a line, each an event with its hashes in hexadecimal; the last line is
`{"heads": {CHAIN: {"sequence": N, "hash": "..."}}}` and says where every chain of the file ends.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from central_config.audit.model.chain import (
    SYSTEM_CHAIN,
    Break,
    ChainReport,
    Head,
    Record,
    Verifier,
)
from central_config.core.clock import rfc3339
from central_config.core.json import encode


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    """An event of the file; `details` stays the text that was hashed."""

    chain: UUID
    sequence: int
    created_at: datetime
    action: str
    target: str
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    request_id: str
    client_ip: str
    details: str
    previous: str
    hash: str


class _End(msgspec.Struct, forbid_unknown_fields=True):
    sequence: int
    hash: str


class _LastLine(msgspec.Struct, forbid_unknown_fields=True):
    heads: dict[UUID, _End]


_line_decoder = msgspec.json.Decoder(_Line)
_last_line_decoder = msgspec.json.Decoder(_LastLine)
_LAST_LINE_BEGINS = b'{"heads"'


def encode_record(record: Record) -> bytes:
    """Return the event as a line of an export, without the line's end."""
    members: dict[str, object] = {name: getattr(record, name) for name in Record.__struct_fields__}
    members["created_at"] = rfc3339(record.created_at)
    members["previous"] = record.previous.hex()
    members["hash"] = record.hash.hex()
    return encode(members)


def decode_record(line: bytes | str) -> Record:
    """Return the event of a line.

    Raises:
        ValueError: the line holds none.
    """
    read = _line_decoder.decode(line)
    values = {name: getattr(read, name) for name in Record.__struct_fields__}
    values["previous"] = bytes.fromhex(read.previous)
    values["hash"] = bytes.fromhex(read.hash)
    return Record(**values)


def encode_heads(heads: Mapping[UUID, Head]) -> bytes:
    """Return the last line of an export."""
    ends = {str(chain): _End(head.sequence, head.hash.hex()) for chain, head in heads.items()}
    return encode({"heads": ends})


def verify_export(lines: Iterable[bytes | str]) -> ChainReport:
    """Check an export file line by line, in little memory.

    Finds a changed, missing or foreign event, a cut end and a file without its last line.
    """
    verifier = Verifier()
    place = (SYSTEM_CHAIN, 0)
    ends: Mapping[UUID, Head] | None = None
    for number, line in enumerate(lines, start=1):
        data = line.encode() if isinstance(line, str) else line
        if not data.strip():
            continue
        if ends is not None:
            return _broken(verifier, place, f"line {number} comes after the end")
        try:
            if data.startswith(_LAST_LINE_BEGINS):
                ends = _read_heads(data)
                continue
            record = decode_record(data)
        except ValueError:
            return _broken(verifier, place, f"line {number} is not an event of an export")
        place = (record.chain, record.sequence)
        verifier.feed([record])
    return _compare_ends(verifier, place, ends)


def _compare_ends(
    verifier: Verifier, place: tuple[UUID, int], ends: Mapping[UUID, Head] | None
) -> ChainReport:
    if ends is None:
        return _broken(verifier, place, "the last line, which names the ends, is missing")
    for chain, head in ends.items():
        verifier.expect(chain, head)
    for chain, head in verifier.report().heads.items():
        if chain not in ends:
            return _broken(
                verifier, (chain, head.sequence), "the last line does not know the chain"
            )
    return verifier.report()


def _read_heads(data: bytes) -> Mapping[UUID, Head]:
    read = _last_line_decoder.decode(data)
    return {chain: Head(end.sequence, bytes.fromhex(end.hash)) for chain, end in read.heads.items()}


def _broken(verifier: Verifier, place: tuple[UUID, int], reason: str) -> ChainReport:
    """Return the report with this break, unless an earlier one was found."""
    report = verifier.report()
    return report if report.broken is not None else report._replace(broken=Break(*place, reason))
