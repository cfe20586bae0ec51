"""Contents of stored reviews, sealed: they quote values of keys that may be secrets by tomorrow."""

import msgspec

from central_config.assistant.model.reviews.review import Content
from central_config.core.json import encode
from central_config.secrets.service import Vault

_PURPOSE = "review"
_decode = msgspec.json.Decoder(Content).decode


def sealed(vault: Vault, content: Content) -> bytes:
    """Return a content as it is stored."""
    return vault.seal_system(encode(content), _PURPOSE)


def opened(vault: Vault, stored: bytes) -> Content:
    """Return a stored content.

    Raises:
        SealBrokenError: it was sealed with another master key, or is damaged.
    """
    return _decode(vault.open_system(stored, _PURPOSE))
