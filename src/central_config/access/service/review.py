"""Who may do what, and what somebody should look at: the access review."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from central_config.access.model import ADMIN_ROLE, Account, ApiKey, Caller, Role
from central_config.access.service.change import Tools
from central_config.access.store import keys, roles, users
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, snapshot_transaction
from central_config.core.problems import FieldError, Problem

# The runbook's own.
INACTIVE = timedelta(days=90)
OLD_KEY = timedelta(days=180)

_PAGE = 1000


class Finding(msgspec.Struct, frozen=True):
    """One thing to decide about.

    `subject` is `user:NAME`, `key:ID` or `role:NAME`, as decisions and audit events name it;
    `name` is for people. `workspace_id` is a key's.
    """

    kind: str
    subject: str
    name: str
    detail: str
    workspace_id: UUID | None = None


class Review(msgspec.Struct, frozen=True):
    """The state of access at one moment."""

    moment: datetime
    accounts: Sequence[Account]
    permissions: Mapping[str, frozenset[str]]
    """What each role allows."""
    administrators: Sequence[str]
    """Active users who have the administrator's role everywhere."""
    findings: Sequence[Finding]


class Decision(msgspec.Struct, frozen=True):
    """What a reviewer decided about a subject: `kept` or `revoked`, and why."""

    subject: str
    decision: str
    reason: str


class AccessReviews:
    """Gathers what a review looks at, and records what was decided."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def gather(
        self, *, inactive: timedelta = INACTIVE, old_key: timedelta = OLD_KEY
    ) -> Review:
        """Return everybody's access, and what stands out; see `gather` below."""
        tools = self._tools
        return await gather(tools.database, tools.clock, inactive=inactive, old_key=old_key)

    async def record(self, caller: Caller, decisions: Sequence[Decision]) -> None:
        """Write decisions to the audit log. What is to be revoked is revoked elsewhere.

        Raises:
            Problem: `invalid-request` where there is no such user, key or role.
        """
        async with self._tools.change() as change:
            for number, each in enumerate(decisions):
                if not await _exists(change.connection, each.subject):
                    detail = "there is no such user, key or role"
                    pointer = f"/decisions/{number}/subject"
                    errors = [FieldError(pointer, detail)]
                    raise Problem("invalid-request", f"{each.subject}: {detail}", errors=errors)
                details = {"decision": each.decision, "reason": each.reason}
                change.record("access.reviewed", each.subject, caller, details)


async def gather(
    database: Database,
    clock: Clock,
    *,
    inactive: timedelta = INACTIVE,
    old_key: timedelta = OLD_KEY,
) -> Review:
    """Return everybody's access, and what stands out.

    Args:
        database: the pool.
        clock: the time.
        inactive: a user or a key that was not used for so long stands out.
        old_key: and a key that is older than this.
    """
    async with snapshot_transaction(database) as connection:
        accounts = [each async for each in _accounts(connection)]
        known = [each async for each in _roles(connection)]
        live = [each async for each in _keys(connection)]
    now = clock.now()
    findings = [
        *_of_users(accounts, now - inactive),
        *_of_keys(live, now, now - inactive, now - old_key),
        *_of_roles(known, accounts),
    ]
    return Review(
        now,
        accounts,
        {role.name: role.permissions for role in known},
        [each.username for each in accounts if each.active and _is_admin(each)],
        findings,
    )


async def _exists(connection: Connection, subject: str) -> bool:
    kind, _, name = subject.partition(":")
    if kind == "user":
        return await users.find(connection, name) is not None
    if kind == "role":
        return await roles.find(connection, name) is not None
    try:
        return await keys.find(connection, UUID(name)) is not None
    except ValueError:
        return False


async def _accounts(connection: Connection) -> AsyncIterator[Account]:
    after = ""
    while page := await users.page(connection, after, _PAGE):
        for account in page:
            yield account
        after = page[-1].username


async def _roles(connection: Connection) -> AsyncIterator[Role]:
    after = ""
    while page := await roles.page(connection, after, _PAGE):
        for role in page:
            yield role
        after = page[-1].name


async def _keys(connection: Connection) -> AsyncIterator[ApiKey]:
    after: UUID | None = None
    while page := await keys.page(connection, None, after, _PAGE):
        for key in page:
            yield key
        after = page[-1].id


def _is_admin(account: Account) -> bool:
    return any(each.role == ADMIN_ROLE and each.workspace_id is None for each in account.roles)


def _of_users(accounts: Sequence[Account], since: datetime) -> Iterator[Finding]:
    for each in accounts:
        subject, name = f"user:{each.username}", each.username
        if not each.active:
            if each.roles:
                yield Finding("user-inactive-account", subject, name, "deactivated, has roles")
        elif each.last_login is None:
            yield Finding(
                "user-never-signed-in", subject, name, f"since {each.created_at:%Y-%m-%d}"
            )
        elif each.last_login < since:
            detail = f"last signed in {each.last_login:%Y-%m-%d}"
            yield Finding("user-not-signed-in", subject, name, detail)


def _of_keys(
    found: Sequence[ApiKey], now: datetime, since: datetime, old: datetime
) -> Iterator[Finding]:
    for key in found:
        if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
            continue
        for kind, detail in _faults(key, since, old):
            yield Finding(kind, f"key:{key.id}", key.name, detail, key.scope.workspace_id)


def _faults(key: ApiKey, since: datetime, old: datetime) -> Iterator[tuple[str, str]]:
    created = f"created {key.created_at:%Y-%m-%d}"
    if key.expires_at is None:
        yield "key-without-expiry", created
    if key.last_used is None:
        yield "key-never-used", created
    elif key.last_used < since:
        yield "key-not-used", f"last used {key.last_used:%Y-%m-%d}"
    if key.created_at < old:
        yield "key-old", created + ("" if key.successor is None else ", has a successor")


def _of_roles(known: Sequence[Role], accounts: Sequence[Account]) -> Iterator[Finding]:
    holders: defaultdict[str, int] = defaultdict(int)
    for account in accounts:
        for grant in account.roles:
            holders[grant.role] += 1
    for role in known:
        if not role.built_in and not holders[role.name]:
            yield Finding("role-unused", f"role:{role.name}", role.name, "nobody has it")
