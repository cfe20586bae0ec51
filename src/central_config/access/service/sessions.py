"""Signing in and out, and changing one's own password."""

from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from central_config.access.model import Account, Caller, Principal, token_digest
from central_config.access.service.change import Tools
from central_config.access.service.passwords import Passwords, check_acceptable
from central_config.access.service.throttle import Throttle
from central_config.access.service.tokens import new_session_token
from central_config.access.store import sessions, users
from central_config.access.store.sessions import NewSession
from central_config.access.store.users import StoredUser
from central_config.core.db import transaction
from central_config.core.ids import new_id
from central_config.core.metrics import AUTHENTICATION_FAILURES
from central_config.core.problems import Problem, invalid

log = structlog.get_logger(__name__)

_LONGEST_USER_AGENT = 300
# What somebody typed as a user name may be anything; logs and the audit log hold this much of it.
_LONGEST_NAME_KEPT = 64


class SignedIn(NamedTuple):
    """A new sign-in; the token is shown this once."""

    token: str
    expires_at: datetime
    account: Account


class Sessions:
    """Signs users in and out."""

    def __init__(self, tools: Tools, passwords: Passwords, throttle: Throttle) -> None:
        self._tools = tools
        self._passwords = passwords
        self._throttle = throttle

    async def sign_in(
        self, caller: Caller, username: str, password: str, user_agent: str = ""
    ) -> SignedIn:
        """Begin a session.

        Raises:
            Problem: `invalid-credentials`, the same for an unknown user, a wrong password and a
                deactivated user; `too-many-requests`.
        """
        name = username.strip().lower()
        stored = await self._prove(caller, name, password)
        rehashed = None
        if self._passwords.outdated(stored.password_hash):
            rehashed = await self._passwords.hash(password)
        token = new_session_token()
        now = self._tools.clock.now()
        expires_at = now + timedelta(seconds=self._tools.settings.session_lifetime)
        session = NewSession(
            id=new_id(),
            user_id=stored.account.id,
            token_hash=token_digest(token),
            created_at=now,
            expires_at=expires_at,
            client_ip=caller.actor.client_ip,
            user_agent=user_agent[:_LONGEST_USER_AGENT],
        )
        async with self._tools.change() as change:
            if not await users.note_login(change.connection, stored, now, rehashed):
                raise _refusal()
            await sessions.insert(change.connection, session)
            details = {"session": str(session.id)}
            change.record("session.created", f"user:{name}", _as_user(caller, stored), details)
        return SignedIn(token, expires_at, stored.account)

    async def sign_out(self, caller: Caller) -> None:
        """End the caller's session.

        Raises:
            Problem: `permission-denied` for an API key, which has none.
        """
        session_id = caller.principal.session_id
        if session_id is None:
            raise Problem("permission-denied", "only a signed-in user has a session to end")
        async with self._tools.change() as change:
            if await sessions.end(change.connection, session_id):
                details = {"session": str(session_id)}
                change.record("session.ended", f"user:{caller.principal.name}", caller, details)
                change.announce(f"session:{session_id}")

    async def change_password(self, caller: Caller, current: str, new: str) -> None:
        """Set the caller's own password, and end the caller's other sessions.

        Raises:
            Problem: `permission-denied` for an API key; `invalid-credentials`; `invalid-request`
                for a password that is not accepted; `too-many-requests`.
        """
        if caller.principal.session_id is None:
            raise Problem("permission-denied", "only a signed-in user has a password")
        name = caller.principal.name
        stored = await self._prove(caller, name, current)
        check_acceptable(new, name, pointer="/new_password")
        if new == current:
            raise invalid("/new_password", "this is the password you have")
        hashed = await self._passwords.hash(new)
        async with self._tools.change() as change:
            now_stored = await users.find(change.connection, name, lock=True)
            if now_stored is None or now_stored.password_hash != stored.password_hash:
                raise _refusal()
            user_id = stored.account.id
            await users.set_password(change.connection, user_id, hashed, must_change=False)
            ended = await sessions.end_all(
                change.connection, user_id, spared=caller.principal.session_id
            )
            details = {"sessions_ended": ended}
            change.record("user.password-changed", f"user:{name}", caller, details)
            change.announce(f"user:{user_id}")

    async def _prove(self, caller: Caller, name: str, password: str) -> StoredUser:
        """Return the active user of that name if the password is right."""
        address = caller.actor.client_ip
        wait = await self._throttle.begin_sign_in(name, address)
        if wait is not None:
            raise self._throttled(name, address, wait)
        async with self._tools.database.connect() as connection:
            stored = await users.find(connection, name)
        usable = stored if stored is not None and stored.account.active else None
        matches = await self._compare(usable, name, password, address)
        if usable is None or not matches:
            await self._failed(caller, name)
            raise _refusal()
        await self._throttle.sign_in_succeeded(name, address)
        return usable

    async def _compare(
        self, usable: StoredUser | None, name: str, password: str, address: str
    ) -> bool:
        async with self._passwords.turns:
            # Asked again: many attempts may have waited for their turn while others failed.
            wait = await self._throttle.blocked(address)
            if wait is not None:
                raise self._throttled(name, address, wait)
            matches = await self._passwords.matches(
                None if usable is None else usable.password_hash, password
            )
            if not matches:
                await self._throttle.sign_in_failed(address)
        return matches

    async def _failed(self, caller: Caller, name: str) -> None:
        _note_failure(name, caller.actor.client_ip, throttled=False)
        async with self._tools.change() as change:
            kept = name[:_LONGEST_NAME_KEPT]
            change.record("session.failed", f"user:{kept}", caller, {})

    def _throttled(self, name: str, address: str, wait: int) -> Problem:
        _note_failure(name, address, throttled=True)
        return Problem(
            "too-many-requests", f"too many sign-ins failed; wait {wait} s", retry_after=wait
        )

    async def read_own(self, caller: Caller) -> Account:
        """Return the caller's own account.

        Raises:
            Problem: `not-found` for an API key.
        """
        async with transaction(self._tools.database) as connection:
            stored = await users.find(connection, caller.principal.name)
        if stored is None or caller.principal.kind != "user":
            raise Problem("not-found", "only a user has an account")
        return stored.account


def _note_failure(name: str, address: str, *, throttled: bool) -> None:
    AUTHENTICATION_FAILURES.labels("password").inc()
    log.warning(
        "invalid credentials",
        client_ip=address,
        username=name[:_LONGEST_NAME_KEPT],
        throttled=throttled,
    )


def _refusal() -> Problem:
    return Problem("invalid-credentials", "the user name or the password is wrong")


def _as_user(caller: Caller, stored: StoredUser) -> Caller:
    """Return the caller of a sign-in as the user they have proved to be."""
    account = stored.account
    principal = Principal(kind="user", id=account.id, name=account.username, grants={})
    return Caller(principal, principal.actor(caller.actor.request_id, caller.actor.client_ip))
