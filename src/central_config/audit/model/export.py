"""An export of the audit log: a text file that proves itself without the database.

One JSON object a line, each an event with its hashes in hexadecimal; the last line is
`{"heads": {CHAIN: {"sequence": N, "hash": "..."}}, "starts": {...}}` and says where every chain of
the file ends, and after which event it starts; a chain that `starts` does not name starts with its
first event. (Files without `starts` are older: their chains may start anywhere.)
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from central_config.audit.model.chain import (
    EMPTY,
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


class _LastLine(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    heads: dict[UUID, _End]
    starts: dict[UUID, _End] | None = None


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


def encode_heads(heads: Mapping[UUID, Head], starts: Mapping[UUID, Head] | None = None) -> bytes:
    """Return the last line of an export."""
    return encode(_LastLine(_ends(heads), None if starts is None else _ends(starts)))


def verify_export(*files: Iterable[bytes | str]) -> ChainReport:
    """Check an export line by line, in little memory; several files are one log in that order.

    Finds a changed, missing or foreign event, a cut end, a file without its last line and a file
    that is left out between two others.
    """
    check = _Check()
    for lines in files:
        check.read(lines)
    return check.verifier.report()


class _Check:
    """Reads export files one after the other."""

    def __init__(self) -> None:
        self.verifier = Verifier()
        self._place = (SYSTEM_CHAIN, 0)
        # The chains of the present file, and after which event each starts.
        self._starts: dict[UUID, Head] = {}

    def read(self, lines: Iterable[bytes | str]) -> None:
        """Check a further file."""
        self._starts = {}
        last: _Bounds | None = None
        for number, line in enumerate(lines, start=1):
            data = line.encode() if isinstance(line, str) else line
            if not data.strip():
                continue
            if last is not None:
                self._fail(f"line {number} comes after the end")
                return
            try:
                last = self._line(data)
            except ValueError:
                self._fail(f"line {number} is not an event of an export")
                return
        if last is None:
            self._fail("the last line, which names the ends, is missing")
        else:
            self._compare(last)

    def _line(self, data: bytes) -> "_Bounds | None":
        if data.startswith(_LAST_LINE_BEGINS):
            last = _last_line_decoder.decode(data)
            return _Bounds(_heads(last.heads), None if last.starts is None else _heads(last.starts))
        record = decode_record(data)
        self._place = (record.chain, record.sequence)
        self._starts.setdefault(record.chain, Head(record.sequence - 1, record.previous))
        self.verifier.feed([record])
        return None

    def _compare(self, last: "_Bounds") -> None:
        """Compare the file with what its last line says."""
        known = self.verifier.report().heads
        for chain in self._starts.keys() - last.heads.keys():
            self._fail("the last line does not know the chain", chain, known[chain].sequence)
        starts = last.starts
        if starts is not None:
            for chain in starts.keys() - known.keys():
                self.verifier.begin(chain, starts[chain])  # it has no event in this file
            self._compare_starts(starts)
        for chain, head in last.heads.items():
            self.verifier.expect(chain, head)

    def _compare_starts(self, starts: Mapping[UUID, Head]) -> None:
        for chain, start in self._starts.items():
            expected = starts.get(chain, EMPTY)
            if start != expected:
                reason = f"the chain should begin with event {expected.sequence + 1}"
                self._fail(reason, chain, start.sequence + 1)

    def _fail(self, reason: str, chain: UUID | None = None, sequence: int = 0) -> None:
        place = self._place if chain is None else (chain, sequence)
        self.verifier.fail(Break(*place, reason))


class _Bounds(NamedTuple):
    """What the last line says."""

    heads: dict[UUID, Head]
    starts: dict[UUID, Head] | None


def _heads(ends: Mapping[UUID, _End]) -> dict[UUID, Head]:
    return {chain: Head(end.sequence, bytes.fromhex(end.hash)) for chain, end in ends.items()}


def _ends(heads: Mapping[UUID, Head]) -> dict[UUID, _End]:
    return {chain: _End(head.sequence, head.hash.hex()) for chain, head in heads.items()}
