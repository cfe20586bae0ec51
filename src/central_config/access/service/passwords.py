"""Passwords: what is accepted, how they are kept and compared."""

import asyncio
import base64
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from central_config.core.problems import invalid

MINIMUM_LENGTH = 12
MAXIMUM_LENGTH = 256
# One hash takes 64 MiB and a processor for a tenth of a second: a crowd of sign-ins must not take
# the memory and the time of everything else.
CONCURRENT_HASHES = 2


def check_acceptable(password: str, username: str, *, pointer: str) -> None:
    """Refuse a new password that is too short, too long, or the user's name.

    Raises:
        Problem: `invalid-request`, naming `pointer`; never shows the password.
    """
    if len(password) < MINIMUM_LENGTH:
        raise invalid(pointer, f"a password has at least {MINIMUM_LENGTH} characters")
    if len(password) > MAXIMUM_LENGTH:
        raise invalid(pointer, f"a password has at most {MAXIMUM_LENGTH} characters")
    if password.strip().lower() == username:
        raise invalid(pointer, "a password cannot be the user's name")


def generate_password() -> str:
    """Return a random password for somebody's first sign-in."""
    return secrets.token_urlsafe(18)


class Passwords:
    """Hashes and compares with argon2id, in threads, a few at a time."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self.turns = asyncio.Semaphore(CONCURRENT_HASHES)
        self._dummy = _hash_of_nothing(self._hasher)

    async def hash(self, password: str) -> str:
        """Return the hash to keep."""
        async with self.turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Compare, while the caller holds one of the `turns`.

        None as the hash takes as long and is always False, so that the time of an answer does not
        tell whether a user exists.
        """
        same = await asyncio.to_thread(self._verify, password_hash or self._dummy, password)
        return same and password_hash is not None

    def outdated(self, password_hash: str) -> bool:
        """Tell whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (Argon2Error, InvalidHashError):
            return False


def _hash_of_nothing(hasher: PasswordHasher) -> str:
    """Return a hash that no password has, and that takes as long to compare with as any other.

    Its bytes are random rather than worked out, for a quarter of a second at every start.
    """
    salt, hashed = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (hasher.salt_len, hasher.hash_len)
    )
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${costs}${salt}${hashed}"  # the library's type and version
