"""Idempotency-Key on POST: a client that does not know whether it got through may simply ask again.

The first request with a key is carried out and its answer kept, encrypted, for a day. The same
request again gets the same answer with `Idempotency-Replayed: true`; another request with the key
is refused. A failure on our side (5xx) keeps nothing.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import msgspec
import structlog

from central_config.access.model import Principal
from central_config.api.guard import token_of
from central_config.core import idempotency as store
from central_config.core.clock import Clock
from central_config.core.db import Database, lost_connection, transaction
from central_config.core.problems import Problem
from central_config.secrets.service import Vault

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

Authenticate = Callable[[str, str], Awaitable[Principal]]

_PURPOSE = "idempotency"
_LONGEST_KEY = 255
_FAILED = 500
# Refusals that say nothing of the request itself: signed in or later, it may well pass.
_NOT_KEPT = frozenset({401, 403, 429})


class _Answer(msgspec.Struct):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Idempotency:
    """Remembers the answers to POST requests that carry a key."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, authenticate: Authenticate
    ) -> None:
        self._authenticate = authenticate
        self._database = database
        self._vault = vault
        self._clock = clock

    async def answer(
        self,
        app: Application,
        scope: Scope,
        headers: Mapping[bytes, str],
        receive: Receive,
        send: Send,
    ) -> None:
        """Let the application answer, or answer as it did before.

        Raises:
            Problem: `idempotency-conflict`, `malformed-header`, `wrong-state` while the first
                request with the key is still at work.
        """
        key = headers.get(b"idempotency-key")
        token = token_of(headers.get(b"authorization"), headers.get(b"x-api-key"))
        if key is None or scope["method"] != "POST" or not token:
            await app(scope, receive, send)
            return
        if not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
            raise Problem(
                "malformed-header", f"an Idempotency-Key has 1 to {_LONGEST_KEY} characters"
            )
        # An answer may hold a token: it is for whom it was given to, and only while they may ask.
        principal = await self._authenticate(token, str(scope.get("client_ip", "")))
        owner = principal.id.bytes
        kept = await self._claim(owner, key, self._vault.fingerprint(_request(scope), _PURPOSE))
        if kept is not None:
            await self._replay(kept, send)
            return
        await self._carry_out(app, scope, receive, send, owner, key)

    async def _claim(self, owner: bytes, key: str, fingerprint: bytes) -> bytes | None:
        async with transaction(self._database) as connection:
            found = await store.claim(connection, owner, key, fingerprint, self._clock.now())
        if found is None:
            return None
        if found.fingerprint != fingerprint:
            detail = "this Idempotency-Key was used for a request with another address or body"
            raise Problem("idempotency-conflict", detail)
        if found.answer is None:
            raise Problem("wrong-state", "the first request with this key is still at work")
        return found.answer

    async def _replay(self, sealed: bytes, send: Send) -> None:
        kept = msgspec.msgpack.decode(self._vault.open_system(sealed, _PURPOSE), type=_Answer)
        headers = [*kept.headers, (b"idempotency-replayed", b"true")]
        await send({"type": "http.response.start", "status": kept.status, "headers": headers})
        await send({"type": "http.response.body", "body": kept.body})

    async def _carry_out(
        self,
        app: Application,
        scope: Scope,
        receive: Receive,
        send: Send,
        owner: bytes,
        key: str,
    ) -> None:
        kept = _Answer(_FAILED, [], b"")
        settled = False

        async def listen(message: Message) -> None:
            nonlocal settled
            if message["type"] == "http.response.start":
                kept.status, kept.headers = message["status"], list(message.get("headers", []))
            elif message["type"] == "http.response.body":
                kept.body += message.get("body", b"")
                if not message.get("more_body"):
                    # Before the caller has it all, or repeating at once would come too early.
                    settled = True
                    await self._settle(kept, owner, key)
            await send(message)

        try:
            await app(scope, receive, listen)
        finally:
            if not settled:
                await self._settle(_Answer(_FAILED, [], b""), owner, key)

    async def _settle(self, kept: _Answer, owner: bytes, key: str) -> None:
        """Keep an answer, or give the key back; what was done stays done where that fails."""
        try:
            async with transaction(self._database) as connection:
                if kept.status in _NOT_KEPT or kept.status >= _FAILED:
                    await store.release(connection, owner, key)
                else:
                    sealed = self._vault.seal_system(msgspec.msgpack.encode(kept), _PURPOSE)
                    await store.keep(connection, owner, key, kept.status, sealed)
        except Exception as error:
            if not lost_connection(error):
                raise
            log.warning("answer to an idempotency key not kept", error=repr(error))


def _request(scope: Scope) -> bytes:
    target = scope["path"].encode() + b"?" + scope.get("query_string", b"")
    return target + b"\n" + scope.get("body", b"")
