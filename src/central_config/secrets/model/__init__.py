"""Sealing values, and telling which values are secrets."""

from central_config.secrets.model.detection import looks_secret
from central_config.secrets.model.sealing import (
    KEY_BYTES,
    MASK,
    Cipher,
    SealBrokenError,
    seal,
    unseal,
)

__all__ = [
    "KEY_BYTES",
    "MASK",
    "Cipher",
    "SealBrokenError",
    "looks_secret",
    "seal",
    "unseal",
]
