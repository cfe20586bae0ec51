"""Sealing and opening values with AES-256-GCM, bound to the place they belong to.

A sealed value is `1 | nonce (12 bytes) | ciphertext and tag`. The place (workspace, environment,
key) is authenticated with it, so a sealed value copied to another row does not open there.
"""

import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_FORM = b"\x01"
_NONCE_BYTES = 12  # NIST SP 800-38D: 96 bits, random; good for 2^32 values under one key

MASK = "******"


class SealBrokenError(Exception):
    """A sealed value does not open: the wrong key, another place, or changed bytes."""


def seal(key: bytes, plain: bytes, place: bytes) -> bytes:
    """Return the sealed form of `plain`, which opens only with the same key and place."""
    nonce = os.urandom(_NONCE_BYTES)
    return _FORM + nonce + AESGCM(key).encrypt(nonce, plain, place)


def unseal(key: bytes, sealed: bytes, place: bytes) -> bytes:
    """Return what was sealed.

    Raises:
        SealBrokenError: it does not open.
    """
    if sealed[:1] != _FORM:
        message = "unknown form of sealed value"
        raise SealBrokenError(message)
    nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, rest, place)
    except (InvalidTag, ValueError):
        message = "the value does not open at this place with this key"
        raise SealBrokenError(message) from None


class Cipher:
    """Seals and opens the secrets of one workspace."""

    def __init__(self, workspace_id: UUID, data_key: bytes) -> None:
        self._workspace = workspace_id.bytes
        self._key = data_key

    def seal(self, environment_id: UUID, key: str, plain: bytes) -> bytes:
        """Return the sealed form, bound to the environment and key."""
        return seal(self._key, plain, self._place(environment_id, key))

    def open(self, environment_id: UUID, key: str, sealed: bytes) -> bytes:
        """Return the value.

        Raises:
            SealBrokenError: it was sealed elsewhere, or changed.
        """
        return unseal(self._key, sealed, self._place(environment_id, key))

    def _place(self, environment_id: UUID, key: str) -> bytes:
        return b"central-config/value" + self._workspace + environment_id.bytes + key.encode()
