"""What an audit event is, and the arithmetic of its chain."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from central_config.core.clock import rfc3339
from central_config.core.ids import as_text
from central_config.core.json import JSON, encode, encode_sorted

# Events that belong to no workspace (users, roles, sign-ins) form one chain of their own.
SYSTEM_CHAIN = UUID(int=0)
# What the first event of a chain names as its predecessor.
GENESIS = bytes(32)


class Actor(msgspec.Struct, frozen=True):
    """Who acts, and through which request.

    `kind` is `user`, `api_key`, `system` or `anonymous`; `id` is None for the last two.
    """

    kind: str
    id: UUID | None
    name: str
    request_id: str = ""
    client_ip: str = ""


SYSTEM = Actor(kind="system", id=None, name="central-config")


class Event(msgspec.Struct, frozen=True):
    """One thing that happened, before it has a place in a chain.

    Details never hold a secret value: whoever makes an event masks first. A struct declares its
    members in the order of the alphabet, as they are written.
    """

    action: str
    target: str
    actor: Actor
    workspace_id: UUID | None = None
    details: dict[str, JSON] | msgspec.Struct = {}

    @property
    def chain(self) -> UUID:
        """The chain the event belongs to."""
        return self.workspace_id or SYSTEM_CHAIN


class Record(msgspec.Struct, frozen=True):
    """An event in its place: what a row, an API answer and an export line hold."""

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
    previous: bytes
    hash: bytes = b""


class Head(NamedTuple):
    """The end of a chain: the sequence number and hash of its last event."""

    sequence: int
    hash: bytes


EMPTY = Head(0, GENESIS)


def digest(record: Record) -> bytes:
    """Return the hash an honest record has: SHA-256 over its predecessor's hash and its fields."""
    return _digest(record, str(record.chain), rfc3339(record.created_at))


def _digest(record: Record, chain: str, moment: str) -> bytes:
    fields: list[JSON] = [
        chain,
        record.sequence,
        moment,
        record.action,
        record.target,
        record.actor_kind,
        None if record.actor_id is None else as_text(record.actor_id),
        record.actor_name,
        record.request_id,
        record.client_ip,
        record.details,
    ]
    return hashlib.sha256(record.previous + encode(fields)).digest()


def _details(event: Event) -> str:
    found = event.details
    # The members of a struct come in the order they are declared in.
    return (encode_sorted(found) if isinstance(found, dict) else encode(found)).decode()


def link(event: Event, head: Head, moment: datetime) -> Record:
    """Return the event as the record that follows `head`."""
    return Chain(event.chain, head, moment).link(event)


class Chain:
    """The end of one chain, to which events of one moment are linked."""

    def __init__(self, chain: UUID, end: Head, moment: datetime) -> None:
        self.end = end
        self.moment = moment
        self._chain = chain
        self._name = str(chain)
        self._at = rfc3339(moment)

    def link(self, event: Event) -> Record:
        """Return the event as the record that follows the end, and be the new end."""
        actor = event.actor
        record = Record(
            chain=self._chain,
            sequence=self.end.sequence + 1,
            created_at=self.moment,
            action=event.action,
            target=event.target,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            request_id=actor.request_id,
            client_ip=actor.client_ip,
            details=_details(event),
            previous=self.end.hash,
        )
        # Nobody else knows it yet.
        msgspec.structs.force_setattr(record, "hash", _digest(record, self._name, self._at))
        self.end = Head(record.sequence, record.hash)
        return record


class Break(NamedTuple):
    """The first place where a chain does not hold."""

    chain: UUID
    sequence: int
    reason: str


class ChainReport(NamedTuple):
    """What a verification found: events checked, chains' ends, and the first break if any.

    `starts` says after which event of a chain the first one checked comes; `EMPTY` where that was
    the chain's first.
    """

    events: int
    heads: dict[UUID, Head]
    broken: Break | None
    starts: Mapping[UUID, Head] = {}


class Verifier:
    """Checks records one by one; each chain's records must come in the order of their sequence.

    Chains may be interleaved. A chain that starts after 1 (an export of later months) is checked
    from its first record on, unless `begin` says where it has to start.
    """

    def __init__(self) -> None:
        self._heads: dict[UUID, Head] = {}
        self._starts: dict[UUID, Head] = {}
        self._events = 0
        self._broken: Break | None = None

    def begin(self, chain: UUID, head: Head) -> None:
        """Say after which event the chain's next record comes; `EMPTY`: it is the first."""
        self._heads[chain] = self._starts[chain] = head

    def feed(self, records: Iterable[Record]) -> None:
        """Check further records; stops looking at the first break."""
        for record in records:
            if self._broken is not None:
                return
            reason = self._fault(record)
            if reason is not None:
                self.fail(Break(record.chain, record.sequence, reason))
                return
            self._events += 1
            self._starts.setdefault(record.chain, Head(record.sequence - 1, record.previous))
            self._heads[record.chain] = Head(record.sequence, record.hash)

    def expect(self, chain: UUID, head: Head) -> None:
        """Check that the chain ends where it is known to end, so that a cut tail is seen."""
        found = self._heads.get(chain, EMPTY)
        if found != head:
            reason = f"the chain ends at {found.sequence}, its head says {head.sequence}"
            self.fail(Break(chain, found.sequence + 1, reason))

    def fail(self, broken: Break) -> None:
        """Note a break that was found elsewhere, unless there is an earlier one."""
        if self._broken is None:
            self._broken = broken

    def report(self) -> ChainReport:
        """Return what was found so far."""
        return ChainReport(self._events, dict(self._heads), self._broken, dict(self._starts))

    def _fault(self, record: Record) -> str | None:
        head = self._heads.get(record.chain)
        if head is None:
            if record.sequence == 1 and record.previous != GENESIS:
                return "the first event names a predecessor"
        elif record.sequence <= head.sequence:
            return f"the chain has come to event {head.sequence} already"
        elif record.sequence != head.sequence + 1:
            return f"event {head.sequence + 1} is missing"
        elif record.previous != head.hash:
            return "it does not name the hash of the event before it"
        if digest(record) != record.hash:
            return "its content does not match its hash"
        return None
