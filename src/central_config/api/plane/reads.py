"""Reads: from a request's first byte to the answer without waiting for anything.

The first read of an address by a credential makes a *ticket*: who may, which part of which
snapshot, and the bytes of the answer. Further reads find the ticket and answer from it, as long as
nothing has moved: the credential and the workspace's name are looked at again every quarter of a
second, and at once after an announced change of access; the bytes are made anew with each revision
of the workspace.
"""

import re
import time
from urllib.parse import parse_qsl

from central_config.access.model import Caller, Principal
from central_config.api.plane.callers import KnownCallers
from central_config.api.plane.exchange import Header, Message, Scope, request_id_header
from central_config.api.plane.tickets import Ticket
from central_config.configurations.model.keys import key_fault
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.routes.values import STALE_AFTER, seen_revision
from central_config.configurations.service import Snapshots, Step
from central_config.configurations.service.reading import Reading
from central_config.core.metrics import CACHE_REQUESTS, HTTP

ROUTE = "/api/v1/config/{workspace}/{environment}"
KEY_ROUTE = ROUTE + "/{key}"
PREFIX = "/api/v1/config/"

# How long a ticket is believed before who holds it is looked at again (seconds). Together with
# what the access cache trusts, a revoked key is refused within five seconds.
BELIEVED_FOR = 0.25
# Tickets kept; the one made longest ago goes first.
_KEPT = 16_384
# Larger bodies are not kept by tickets, of which there is one for each credential (bytes).
_LARGE = 16 * 1024
_UNCHANGED = 304
# How long the age in an answer may be behind itself (seconds).
_AGED_FOR = 0.005
_FROM_MEMORY = CACHE_REQUESTS.labels("memory", "hit")

_ADDRESS = re.compile(r"/api/v1/config/([a-z0-9-]{1,63})/([a-z0-9-]{1,63})(?:/([A-Za-z0-9._/-]+))?")

Given = tuple[str, bytes, bytes | None, bytes | None]
# The two messages of an answer.
Reply = tuple[Message, Message]


class ReadPath:
    """GET and HEAD of configuration."""

    def __init__(self, callers: KnownCallers, snapshots: Snapshots, reading: Reading) -> None:
        self._callers = callers
        self._access = callers.access
        self._snapshots = snapshots
        self._reading = reading
        self._tickets: dict[Given, Ticket] = {}
        self._age: Header = (b"config-age", b"0.000")
        self._stale = False
        self._aged_until = 0.0

    def find(self, scope: Scope) -> Reply | None:
        """Return the answer; None: the control plane has to look at this request."""
        began = time.monotonic()
        pairs = scope["headers"]
        headers: dict[bytes, bytes] = dict(pairs)
        if len(headers) != len(pairs):
            return None
        get = headers.get
        given = scope["path"], scope["query_string"], get(b"authorization"), get(b"x-api-key")
        ticket = self._tickets.get(given)
        if ticket is None or began >= ticket.until:
            ticket = self._renew(given, ticket, scope["method"], began)
            if ticket is None:
                return None
        if ticket.revision != ticket.state.revision or ticket.page is None:
            self._render(ticket)
            if ticket.page is None:
                return None
        if ticket.meter is not None and not ticket.meter.take(began):
            return None
        reply = self._reply(ticket, headers, began)
        if reply is not None and scope["method"] == "HEAD":
            reply[1]["body"] = b""
        return reply

    def flush(self) -> None:
        """Have the uses counted that tickets have gathered."""
        for ticket in self._tickets.values():
            self._count(ticket)

    def doubt(self, subject: str) -> None:
        """Look at every ticket's holder anew: something about access has changed."""
        del subject
        for ticket in self._tickets.values():
            ticket.until = 0.0

    def take(self, step: Step) -> None:
        """Tear up tickets for a state that is not held any more; a listener of `Snapshots`."""
        if step.changes is not None:
            return
        for given, ticket in list(self._tickets.items()):
            if self._snapshots.peek(ticket.state.workspace_id) is not ticket.state:
                self._count(self._tickets.pop(given))

    def _reply(self, ticket: Ticket, headers: dict[bytes, bytes], began: float) -> Reply | None:
        """Return a ticket's answer to these headers; None: it cannot be made at once."""
        page = ticket.page
        if page is None:
            return None
        age = self._age if began < self._aged_until else self._aged(began)
        its_id = request_id_header(headers.get(b"x-request-id"))
        tag = headers.get(b"if-none-match")
        body = page.body
        if tag is not None and _seen(ticket, tag):
            status, said, body = _UNCHANGED, ticket.unchanged(age, its_id), b""
        elif ticket.whole or not (accepted := headers.get(b"accept-encoding")):
            status, said = 200, ticket.changed(age, its_id)
        else:
            encoding = page.encoding(accepted.decode("latin-1"))
            ready = page.ready(encoding)
            if ready is None:
                return None
            status, body = 200, ready
            if encoding is None:
                said = ticket.changed(age, its_id)
            else:
                said = ticket.encoded(encoding, len(body), age, its_id)
        if self._stale:
            said.append((b"config-stale", b"true"))
        ticket.hits += 1
        ticket.tally.add(status, time.monotonic() - began)
        if len(page.body) > _LARGE:
            ticket.page = None
        return (
            {"type": "http.response.start", "status": status, "headers": said},
            {"type": "http.response.body", "body": body},
        )

    def _aged(self, now: float) -> Header:
        """Return how old the answers of the next moment are to say they are."""
        age = self._snapshots.age_at(now)
        self._age = (b"config-age", b"%.3f" % age)
        self._stale = age > STALE_AFTER
        self._aged_until = now + _AGED_FOR
        return self._age

    def _renew(self, given: Given, ticket: Ticket | None, method: str, now: float) -> Ticket | None:
        """Check everything a ticket stands for; return one that holds, None if that is unclear."""
        if ticket is not None:
            self._count(self._tickets.pop(given))
        principal = self._callers.principal(given[2], given[3], uses=0)
        if principal is None:
            return None
        if ticket is None or not self._still(ticket, principal):
            ticket = self._make(given, principal, method)
            if ticket is None:
                return None
        ticket.until = now + BELIEVED_FOR
        self._snapshots.touch(ticket.state.workspace_id)
        while len(self._tickets) >= _KEPT:
            self._count(self._tickets.pop(next(iter(self._tickets))))
        self._tickets[given] = ticket
        return ticket

    def _still(self, ticket: Ticket, principal: Principal) -> bool:
        """Tell whether a ticket says what a new one would."""
        place = ticket.caller.place
        return (
            ticket.caller.principal is principal
            and self._callers.directory.known(place.slug) == place
        )

    def _make(self, given: Given, principal: Principal, method: str) -> Ticket | None:
        path, query, _, _ = given
        address = _ADDRESS.fullmatch(path)
        prefix = _prefix(query)
        if address is None or prefix is None:
            return None
        workspace, slug, key = address.groups()
        if key is not None and (query or key_fault(key) is not None):
            return None
        place = self._callers.place(principal, workspace, "config.read")
        state = None if place is None else self._snapshots.peek(place.id)
        if place is None or state is None or not _knows(principal, state, slug):
            return None
        environment = state.topology.by_slug[slug]
        caller = Caller(principal, principal.actor(), place)
        view = None if key is not None else self._reading.view(caller, environment, prefix)
        if key is None and view is None:
            return None
        tally = HTTP.of(method, ROUTE if key is None else KEY_ROUTE)
        meter = self._callers.limiter.meter(principal)
        return Ticket(caller, meter, state, environment, key, view, tally)

    def _render(self, ticket: Ticket) -> None:
        """Bring a ticket's answer to the state's revision; it may turn out to have none."""
        state = ticket.state
        if ticket.view is not None:
            page = self._reading.pages.at_once(state, ticket.view)
        else:
            key = ticket.key or ""
            page = self._reading.key_page(ticket.caller, state, ticket.environment, key)
        if page is None:
            ticket.page = None
        else:
            ticket.fill(page, state.revision, state.modified[ticket.environment.id])

    def _count(self, ticket: Ticket) -> None:
        if ticket.hits:
            self._access.count(ticket.caller.principal, ticket.hits)
            _FROM_MEMORY.inc(ticket.hits)
            if self._reading.counts is not None:
                ticket.count(self._reading.counts)
            ticket.hits = 0


def _seen(ticket: Ticket, tag: bytes) -> bool:
    """Tell whether a reader who sends this If-None-Match has what would be answered."""
    if tag == ticket.tag:
        return True
    seen = seen_revision(tag.decode("latin-1"))
    return seen is not None and ticket.modified <= seen <= ticket.revision


def _knows(principal: Principal, state: WorkspaceState, slug: str) -> bool:
    """Tell whether an environment exists for a principal."""
    return slug in state.topology.by_slug and principal.knows(slug)


def _prefix(query: bytes) -> str | None:
    """Return the prefix a query asks for ("" without one); None for any other query."""
    if not query:
        return ""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return None
    if len(pairs) != 1 or pairs[0][0] != "prefix" or "\0" in pairs[0][1]:
        return None
    return pairs[0][1]
