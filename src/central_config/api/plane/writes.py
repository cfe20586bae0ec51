"""Small writes: validated by the same models and published by the same service, in one task.

What comes out of `Publishing` - an outcome, a change in review, a refusal - is answered here with
the control plane's own models and problems. Whatever is unclear before that point, the control
plane gets the request as it came, the part of the body that was read included.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple
from uuid import UUID

import msgspec
from pydantic import BaseModel, ValidationError

from central_config.access.model import Caller
from central_config.api.clients import ClientAddresses
from central_config.api.plane.callers import KnownCallers
from central_config.api.plane.exchange import NOSNIFF, Ask, Header, Message, Receive, Scope, Send
from central_config.api.plane.reads import KEY_ROUTE
from central_config.api.problems import as_problem, render
from central_config.configurations.model.changes import (
    REMOVE,
    SET,
    STATUS,
    Change,
    Condition,
    Outcome,
)
from central_config.configurations.routes.values import condition_of
from central_config.configurations.service.edits import Wish
from central_config.configurations.service.publishing import Publishing
from central_config.configurations.wire.changes import ChangeCreate, ChangeOut
from central_config.configurations.wire.values import ValuePatch, ValuePut, WriteOut
from central_config.core.json import decode, encode
from central_config.core.problems import Problem
from central_config.core.web import Match

CHANGES_ROUTE = "/api/v1/workspaces/{workspace}/changes"
METHODS = frozenset({"PUT", "PATCH", "DELETE", "POST"})

_KEY_ADDRESS = re.compile(r"/api/v1/config/([a-z0-9-]{1,63})/([a-z0-9-]{1,63})/([A-Za-z0-9._/-]+)")
_CHANGES_ADDRESS = re.compile(r"/api/v1/workspaces/([a-z0-9-]{1,63})/changes")
# Larger bodies take their time, which is the control plane's to spread (bytes).
_LARGEST = 64 * 1024
_EDITS_AT_MOST = 100
_JSON = b"application/json"


class _KeyWriteOut(msgspec.Struct, gc=False):
    # `KeyWriteOut` as it is encoded; pydantic takes ten times as long to make one.
    revision: int
    changed: bool
    change: UUID | None
    warnings: tuple[str, ...]
    key: str
    version: int


class _Write(NamedTuple):
    """What a request asks the service for, and how its outcome is told."""

    caller: Caller
    wishes: list[Wish]
    message: str
    condition: Condition
    kind: str
    told: Callable[[Outcome], tuple[int, bytes, list[Header]]]


class WritePath:
    """PUT, PATCH and DELETE of one value; POST of a small change that is published at once."""

    def __init__(
        self,
        callers: KnownCallers,
        publishing: Publishing,
        addresses: ClientAddresses,
        largest: int,
    ) -> None:
        self._largest = min(largest, _LARGEST)
        self._callers = callers
        self._publishing = publishing
        self._addresses = addresses

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> Receive | None:
        """Answer a write; else return what the control plane is to receive from."""
        pairs = scope["headers"]
        headers: dict[bytes, bytes] = dict(pairs)
        # Whether a repetition is a repetition is for the control plane to know.
        if len(headers) != len(pairs) or b"idempotency-key" in headers or scope["query_string"]:
            return receive
        if scope["method"] != "DELETE" and not _small_json(headers, self._largest):
            return receive
        forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1")
        ask = Ask(scope, headers, self._addresses.of(scope, forwarded))
        body = None
        if scope["method"] != "DELETE":
            body, receive = await _whole(receive, self._largest)
            if body is None:
                return receive
        try:
            write = self._understood(ask, body)
        except (Problem, ValidationError, ValueError, RecursionError):
            return receive
        if write is None:
            return receive
        await self._carry_out(ask, write, send)
        return None

    def _understood(self, ask: Ask, body: bytes | None) -> _Write | None:
        """Return what a request asks for; None or an exception: the control plane will tell."""
        if ask.method != "POST":
            return self._of_key(ask, body)
        return None if body is None else self._of_change(ask, body)

    def _of_key(self, ask: Ask, body: bytes | None) -> _Write | None:
        address = _KEY_ADDRESS.fullmatch(ask.path)
        if address is None:
            return None
        workspace, environment, key = address.groups()
        wish, message = _wish(ask.method, environment, key, body)
        match = Match(_text(ask, b"if-match"), _text(ask, b"if-none-match"))
        caller = self._callers.caller(ask, workspace, "config.write")
        if caller is None:
            return None
        told = partial(_key_told, key)
        return _Write(caller, [wish], message, condition_of(match), "write", told)

    def _of_change(self, ask: Ask, body: bytes) -> _Write | None:
        address = _CHANGES_ADDRESS.fullmatch(ask.path)
        if address is None:
            return None
        change = ChangeCreate.model_validate(_strict(body))
        if change.action != "publish" or len(change.edits) > _EDITS_AT_MOST:
            return None
        caller = self._callers.caller(ask, address[1], "config.write")
        if caller is None:
            return None
        wishes = [edit.wish() for edit in change.edits]
        condition = Condition(since=change.base_revision, required=True)
        return _Write(caller, wishes, change.message, condition, "change", _change_told)

    async def _carry_out(self, ask: Ask, write: _Write, send: Send) -> None:
        try:
            result = await self._publishing.write(
                write.caller,
                write.wishes,
                message=write.message,
                condition=write.condition,
                kind=write.kind,
            )
        except Exception as error:  # noqa: BLE001 - the last place that can answer at all
            status, said, body = render(as_problem(error), ask.path, ask.request_id)
            headers = [(name.encode(), value.encode()) for name, value in said.items()]
        else:
            if isinstance(result, Change):
                status, body, headers = _review_told(result, write)
            else:
                status, body, headers = write.told(result)
        headers += (
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", ask.request_id.encode()),
            NOSNIFF,
        )
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self._account(ask, status, write.caller)

    def _account(self, ask: Ask, status: int, caller: Caller) -> None:
        """Count the answer and write its line."""
        route = CHANGES_ROUTE if ask.method == "POST" else KEY_ROUTE
        ask.finish(route, status, caller.principal)


def _small_json(headers: dict[bytes, bytes], largest: int) -> bool:
    length = headers.get(b"content-length", b"")
    kind = headers.get(b"content-type", b"")
    if kind != _JSON:
        kind = kind.partition(b";")[0].strip().lower()
    return kind == _JSON and length.isdigit() and 0 < int(length) <= largest


async def _whole(receive: Receive, largest: int) -> tuple[bytes | None, Receive]:
    """Return the body, None if it broke off or is too large; and a way to receive it again."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message["type"] == "http.request" and message.get("more_body") and len(body) <= largest:
        message = await receive()
        body += message.get("body", b"")
    read = {"type": message["type"], "body": body, "more_body": message.get("more_body", False)}
    left = [read]

    async def replay() -> Message:
        return left.pop() if left else await receive()

    whole = message["type"] == "http.request" and not message.get("more_body")
    return body if whole else None, replay


def _strict(body: bytes) -> object:
    """Return the value of a body as the control plane's edge and framework would.

    Raises:
        ValueError: it is no JSON document, or an object in it names a member twice.
    """
    decode(body)
    return _decoder.decode(body.decode())


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        message = "an object names a member twice"
        raise ValueError(message)
    return found


_decoder = json.JSONDecoder(object_pairs_hook=_unique)


def _text(ask: Ask, name: bytes) -> str | None:
    value = ask.headers.get(name)
    return None if value is None else value.decode("latin-1")


def _wish(method: str, environment: str, key: str, body: bytes | None) -> tuple[Wish, str]:
    """Return the edit a request for one key asks for, and its message.

    Raises:
        ValueError: the body is not what the method takes (pydantic's error is one too).
    """
    if body is None:
        return Wish(environment, key, REMOVE), ""
    if method == "PUT":
        put = ValuePut.model_validate(_strict(body))
        wish = Wish(environment, key, SET, put.value, put.status, put.secret, put.description)
        return wish, put.message
    patch = ValuePatch.model_validate(_strict(body))
    return Wish(environment, key, STATUS, status=patch.status), patch.message


def _encoded(model: BaseModel) -> bytes:
    return model.__pydantic_serializer__.to_json(model)


def _key_told(key: str, outcome: Outcome) -> tuple[int, bytes, list[Header]]:
    told = _KeyWriteOut(
        outcome.revision,
        outcome.changed,
        outcome.change_id,
        outcome.warnings,
        key,
        outcome.versions[0],
    )
    tag = b'"%d"' % outcome.revision
    headers = [(b"content-type", _JSON), (b"etag", tag)]
    return (201 if outcome.created else 200), encode(told), headers


def _change_told(outcome: Outcome) -> tuple[int, bytes, list[Header]]:
    return 201, _encoded(WriteOut.of(outcome)), [(b"content-type", _JSON)]


def _review_told(change: Change, write: _Write) -> tuple[int, bytes, list[Header]]:
    headers: list[Header] = [(b"content-type", _JSON)]
    if write.kind == "change":
        place = f"/api/v1/workspaces/{write.caller.place.slug}/changes/{change.id}"
        headers.append((b"location", place.encode()))
    return 202, _encoded(ChangeOut.of(change)), headers
