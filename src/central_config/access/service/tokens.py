"""Making tokens: 256 random bits behind a beginning that says what they are."""

import secrets
import string

_VISIBLE = string.ascii_lowercase + string.digits
_VISIBLE_LENGTH = 8
_RANDOM_BYTES = 32


def new_session_token() -> str:
    """Return a token for a session: `ccs_` and 43 random characters."""
    return f"ccs_{secrets.token_urlsafe(_RANDOM_BYTES)}"


def new_key_token() -> str:
    """Return a token for an API key: `cc_`, 8 visible characters, `_`, 43 random ones."""
    visible = "".join(secrets.choice(_VISIBLE) for _ in range(_VISIBLE_LENGTH))
    return f"cc_{visible}_{secrets.token_urlsafe(_RANDOM_BYTES)}"
