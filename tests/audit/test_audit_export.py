"""An export proves itself: every sort of tampering is found, without a database."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from central_config.audit.model import (
    EMPTY,
    SYSTEM_CHAIN,
    Actor,
    Event,
    Head,
    Record,
    decode_record,
    encode_heads,
    encode_record,
    link,
    verify_export,
)

SHOP = UUID(int=7)
BEGIN = datetime(2030, 1, 1, tzinfo=UTC)


def export(events: list[Event]) -> list[bytes]:
    heads: dict[UUID, Head] = {}
    lines: list[bytes] = []
    for number, event in enumerate(events):
        moment = BEGIN + timedelta(microseconds=number)
        record = link(event, heads.get(event.chain, EMPTY), moment)
        heads[event.chain] = Head(record.sequence, record.hash)
        lines.append(encode_record(record))
    return [*lines, encode_heads(heads)]


ACTOR = Actor("user", UUID(int=1), "ada", "request", "192.0.2.1")
EVENTS = [
    Event("key.created", f"key:{n}", ACTOR, SHOP if n % 2 else None, {"n": n, "text": 'é "q"'})
    for n in range(6)
]


def changed(line: bytes, **members: object) -> bytes:
    record = decode_record(line)
    return encode_record(msgspec.structs.replace(record, **members))


Tamper = Callable[[list[bytes]], list[bytes]]


def test_an_honest_export_holds() -> None:
    report = verify_export(export(EVENTS))
    assert report.broken is None
    assert report.events == 6
    assert report.heads[SHOP].sequence == 3
    assert verify_export(line.decode() + "\n" for line in export(EVENTS)).broken is None
    assert verify_export(export([])).broken is None


@pytest.mark.parametrize(
    ("tamper", "chain", "sequence", "words"),
    [
        (lambda x: [*x[:2], changed(x[2], actor_name="eve"), *x[3:]], SYSTEM_CHAIN, 2, "content"),
        (lambda x: [*x[:2], changed(x[2], details="{}"), *x[3:]], SYSTEM_CHAIN, 2, "content"),
        (lambda x: [*x[:2], *x[3:]], SYSTEM_CHAIN, 3, "event 2 is missing"),
        (lambda x: x[:-1], SHOP, 3, "last line"),
        (lambda x: [*x[:-2], x[-1]], SHOP, 3, "ends at 2"),
        (lambda x: [x[-1]], SYSTEM_CHAIN, 1, "ends at 0"),
        (lambda x: [*x[:3], b'{"nonsense": 1}', *x[3:]], SYSTEM_CHAIN, 2, "line 4"),
        (lambda x: [*x[:3], x[3][:-9], *x[4:]], SYSTEM_CHAIN, 2, "line 4"),
        (lambda x: [*x, x[0]], SHOP, 3, "after the end"),
        (lambda x: [*x[:-1], encode_heads({SYSTEM_CHAIN: _head(x[4])})], SHOP, 3, "not know"),
        (lambda x: x[:0], SYSTEM_CHAIN, 0, "last line"),
    ],
)
def test_tampering_is_found_and_named(
    tamper: Tamper, chain: UUID, sequence: int, words: str
) -> None:
    broken = verify_export(tamper(export(EVENTS))).broken
    assert broken is not None
    assert (broken.chain, broken.sequence) == (chain, sequence)
    assert words in broken.reason


def _head(line: bytes) -> Head:
    record = decode_record(line)
    return Head(record.sequence, record.hash)


@given(
    st.builds(
        Event,
        action=st.text(),
        target=st.text(),
        actor=st.builds(
            Actor,
            kind=st.text(),
            id=st.none() | st.uuids(),
            name=st.text(),
            request_id=st.text(),
            client_ip=st.text(),
        ),
        workspace_id=st.none() | st.uuids(),
        details=st.dictionaries(st.text(), st.none() | st.integers() | st.floats() | st.text()),
    )
)
def test_every_record_survives_its_line(event: Event) -> None:
    record = link(event, EMPTY, BEGIN)
    line = encode_record(record)
    assert b"\n" not in line
    assert decode_record(line) == record
    assert isinstance(decode_record(line), Record)
