"""Guessing whether an imported value is a secret, so that it is never stored in clear by accident.

Errs on the side of secrecy: a key marked needlessly costs a click, one missed costs a rotation.
What only looks like a name of a secret (`token-ttl`, `password-min-length`) is let through.
"""

import re

from central_config.core.json import JSON

# Words that name a secret when they end a key's last segment, or its last but one before `value`.
_NAMES = re.compile(
    r"(?:^|[._/-])(?:password|passwd|passphrase|pwd|secret|client[._-]?secret|token|api[._-]?key"
    r"|access[._-]?key|secret[._-]?key|private[._-]?key|encryption[._-]?key|signing[._-]?key"
    r"|auth[._-]?key|credentials?|connection[._-]?string|dsn)(?:[._-](?:value|data|base64|hex))?$",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Forms that are secrets whatever they are called.
_FORMS = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
    r"|\bAKIA[0-9A-Z]{16}\b"  # AWS access key id
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}\b"  # GitHub
    r"|\bglpat-[A-Za-z0-9_-]{20,}\b"  # GitLab
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}\b"  # Slack
    r"|\bsk_live_[A-Za-z0-9]{16,}\b"  # Stripe
    r"|\bcc_[A-Za-z0-9_-]{8}_[A-Za-z0-9_-]{43}\b"  # ours
    r"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\b"  # JSON Web Token
)
# A password in an address: scheme://user:password@host, unless it is filled in from elsewhere.
_IN_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/:@]*:(?!\$\$?\{)[^\s/@]+@", re.IGNORECASE)
_EMPTY = frozenset({"", "null", "none", "true", "false"})


def looks_secret(key: str, value: JSON) -> bool:
    """Tell whether an imported value should be kept as a secret."""
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return any(looks_secret(f"{key}/{name}", item) for name, item in items)
    if not isinstance(value, str) or value.strip().lower() in _EMPTY:
        return False
    if _FORMS.search(value) or _IN_ADDRESS.search(value):
        return True
    return _NAMES.search(_CAMEL.sub("-", key)) is not None
