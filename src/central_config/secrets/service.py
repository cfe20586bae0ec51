"""The vault: data keys, unwrapped once per process and kept in memory only."""

import base64
import binascii
import hmac
import os
from uuid import UUID

from central_config.core.clock import Clock
from central_config.core.db import Database, transaction
from central_config.core.settings import Settings
from central_config.secrets import store
from central_config.secrets.model import KEY_BYTES, Cipher, SealBrokenError, seal, unseal


def master_key(settings: Settings) -> bytes:
    """Return the master key of the settings.

    Raises:
        SystemExit: it is missing or not 32 bytes of base64.
    """
    if settings.master_key is None:
        message = "MASTER_KEY (or MASTER_KEY_FILE) is not set; make one: openssl rand -base64 32"
        raise SystemExit(message)
    try:
        key = base64.b64decode(settings.master_key.get_secret_value(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        message = "MASTER_KEY must be the base64 form of exactly 32 bytes"
        raise SystemExit(message)
    return key


class Vault:
    """Gives each workspace its cipher; seals small things of the system itself."""

    def __init__(self, database: Database, master: bytes, clock: Clock) -> None:
        self._database = database
        self._master = master
        self._clock = clock
        self._ciphers: dict[UUID, Cipher] = {}

    async def cipher(self, workspace_id: UUID) -> Cipher:
        """Return the workspace's cipher; its data key is made at the first need.

        The key is stored in a transaction of its own: were it made in the caller's, a roll-back
        would leave this process sealing with a key that nobody can find again.

        Raises:
            SealBrokenError: the data key was wrapped by another master key.
        """
        found = self._ciphers.get(workspace_id)
        if found is not None:
            return found
        place = b"central-config/data-key" + workspace_id.bytes
        async with transaction(self._database) as connection:
            wrapped = await store.wrapped_key(connection, workspace_id)
            if wrapped is None:
                fresh = seal(self._master, os.urandom(KEY_BYTES), place)
                wrapped = await store.keep_key(connection, workspace_id, fresh, self._clock.now())
        try:
            cipher = Cipher(workspace_id, unseal(self._master, wrapped, place))
        except SealBrokenError:
            message = "the master key is not the one this workspace's data key was wrapped with"
            raise SealBrokenError(message) from None
        self._ciphers[workspace_id] = cipher
        return cipher

    def forget(self) -> None:
        """Forget every data key: the database was put back and may know others by now."""
        self._ciphers.clear()

    async def check(self) -> None:
        """Make sure that the master key is the one the stored data keys were wrapped with.

        Raises:
            SealBrokenError: it is another one.
        """
        async with self._database.connect() as connection:
            workspace_id = await store.any_workspace(connection)
        if workspace_id is not None:
            await self.cipher(workspace_id)

    def fingerprint(self, content: bytes, purpose: str) -> bytes:
        """Return a hash of some content that only the holder of the master key can compute.

        A plain hash of a request would let whoever reads the database try out weak secrets.
        """
        return hmac.digest(self._master, purpose.encode() + b"\0" + content, "sha256")

    def seal_system(self, plain: bytes, purpose: str) -> bytes:
        """Seal something that belongs to no workspace, bound to its purpose."""
        return seal(self._master, plain, b"central-config/system/" + purpose.encode())

    def open_system(self, sealed: bytes, purpose: str) -> bytes:
        """Open what `seal_system` sealed.

        Raises:
            SealBrokenError: another purpose, another master key, or changed bytes.
        """
        return unseal(self._master, sealed, b"central-config/system/" + purpose.encode())
