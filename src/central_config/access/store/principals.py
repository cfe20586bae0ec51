"""SQL that answers who presents a token."""

from collections.abc import Sequence

from sqlalchemy import text

from central_config.access.model import Found, Principal, Token, key_principal
from central_config.access.store import keys, users
from central_config.core.db import Connection

_KEYS = text("""
    SELECT id, name, key_hash, workspace_id, environments, key_prefix, access, secrets, expires_at,
           created_by
    FROM api_keys WHERE key_hash = ANY(CAST(:digests AS bytea[])) AND revoked_at IS NULL
""")
_SESSIONS = text("""
    SELECT s.id, s.token_hash, s.expires_at, u.id AS user_id, u.username, u.must_change_password
    FROM cc_session s JOIN cc_user u ON u.id = s.user_id
    WHERE s.token_hash = ANY(CAST(:digests AS bytea[])) AND u.active
""")


async def load(connection: Connection, tokens: Sequence[Token]) -> dict[Token, Found]:
    """Return who the tokens stand for; those that stand for nobody are left out.

    Expiry is not looked at here: the caller compares it with its own clock on every use.
    """
    found: dict[Token, Found] = {}
    digests = [token.digest for token in tokens if token.kind == "key"]
    if digests:
        for row in await connection.execute(_KEYS, {"digests": digests}):
            principal = key_principal(
                row.id, row.name, keys.scope(row), row.expires_at, row.created_by
            )
            found[Token("key", row.key_hash)] = Found(principal, (f"key:{row.id}",))
    digests = [token.digest for token in tokens if token.kind == "session"]
    if digests:
        found.update(await _sessions(connection, digests))
    return found


async def _sessions(connection: Connection, digests: Sequence[bytes]) -> dict[Token, Found]:
    rows = (await connection.execute(_SESSIONS, {"digests": digests})).all()
    if not rows:
        return {}
    grants = await users.grants(connection, {row.user_id for row in rows})
    found: dict[Token, Found] = {}
    for row in rows:
        principal = Principal(
            kind="user",
            id=row.user_id,
            name=row.username,
            grants={} if row.must_change_password else grants.get(row.user_id, {}),
            expires_at=row.expires_at,
            session_id=row.id,
            restricted=row.must_change_password,
        )
        subjects = (f"session:{row.id}", f"user:{row.user_id}")
        found[Token("session", row.token_hash)] = Found(principal, subjects)
    return found
