"""From a token to a principal, on every request; and counting which keys are used."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import structlog

from central_config.access.cache import PrincipalCache
from central_config.access.model import Found, Principal, Token, parse_token, visible_prefix
from central_config.access.service.throttle import Throttle
from central_config.access.store import keys, principals, sessions
from central_config.access.store.keys import Usage
from central_config.core.clock import Clock
from central_config.core.db import Database, transaction
from central_config.core.metrics import AUTHENTICATION_FAILURES
from central_config.core.problems import Problem

log = structlog.get_logger(__name__)

Seen: TypeAlias = dict[UUID, datetime]


class Authenticator:
    """Tells who presents a token."""

    def __init__(self, database: Database, clock: Clock, throttle: Throttle) -> None:
        self._database = database
        self._clock = clock
        self._throttle = throttle
        self._used: dict[UUID, Usage] = {}
        self._seen: Seen = {}
        self.cache = PrincipalCache(self._load, clock)

    async def authenticate(self, token: str, client_ip: str) -> Principal:
        """Return who presents the token.

        Raises:
            Problem: `invalid-credentials`; `too-many-requests` when the address has presented too
                many wrong tokens; `not-ready` when the database does not answer.
        """
        principal = self.known(token)
        if principal is not None:
            return principal
        parsed = parse_token(token)
        principal = None if parsed is None else await self.cache.find(parsed)
        if principal is None:
            kind = "token" if parsed is None else parsed.kind
            raise await self._refusal(kind, visible_prefix(token), client_ip)
        self.count(principal)
        return principal

    async def learn(self, token: str) -> Principal | None:
        """Return who presents the token, or None; nobody is refused and nothing counted.

        Raises:
            Problem: `not-ready` when the database does not answer.
        """
        parsed = parse_token(token)
        return None if parsed is None else await self.cache.find(parsed)

    def known(self, token: str, *, uses: int = 1) -> Principal | None:
        """Return who presents the token if that is known without asking anybody, and count it.

        The fast way for the data plane; None means: ask `authenticate`.
        """
        parsed = parse_token(token)
        principal = None if parsed is None else self.cache.known(parsed)
        if principal is not None and uses:
            self.count(principal, uses)
        return principal

    async def flush_usage(self) -> None:
        """Write what was counted since the last time; on failure it is kept for the next."""
        used, self._used = self._used, {}
        seen, self._seen = self._seen, {}
        if not used and not seen:
            return
        try:
            async with transaction(self._database) as connection:
                if used:
                    await keys.add_usage(connection, used)
                if seen:
                    await sessions.note_seen(connection, seen)
        except BaseException:
            for key_id, usage in used.items():
                self._add(key_id, usage)
            self._seen = seen | self._seen
            raise

    async def _load(self, tokens: Sequence[Token]) -> Mapping[Token, Found]:
        async with self._database.connect() as connection:
            return await principals.load(connection, tokens)

    async def _refusal(self, kind: str, prefix: str, client_ip: str) -> Problem:
        wait = await self._throttle.token_failed(client_ip)
        AUTHENTICATION_FAILURES.labels(kind).inc()
        log.warning(
            "authentication failed",
            client_ip=client_ip,
            kind=kind,
            key_prefix=prefix,
            throttled=wait is not None,
        )
        if wait is not None:
            return Problem(
                "too-many-requests", f"too many wrong tokens; wait {wait} s", retry_after=wait
            )
        return Problem("invalid-credentials", "the token is unknown, has expired or was revoked")

    def count(self, principal: Principal, times: int = 1) -> None:
        """Note that a credential was used."""
        now = self._clock.now()
        if principal.scope is not None:
            before = self._used.get(principal.id)
            times += 0 if before is None else before.times
            self._used[principal.id] = Usage(times, now)
        elif principal.session_id is not None:
            self._seen[principal.session_id] = now

    def _add(self, key_id: UUID, usage: Usage) -> None:
        before = self._used.get(key_id)
        if before is not None:
            usage = Usage(before.times + usage.times, max(before.moment, usage.moment))
        self._used[key_id] = usage
