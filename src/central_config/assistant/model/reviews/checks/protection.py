"""Encryption, verification or authentication switched off or weakened."""

import re
from collections import Counter
from collections.abc import Iterator

from msgspec import UNSET

from central_config.assistant.model.language.words import words
from central_config.assistant.model.reviews.checks.making import found
from central_config.assistant.model.reviews.findings import Finding, Severity
from central_config.assistant.model.reviews.leaves import Leaf, MaybeJSON
from central_config.assistant.model.reviews.quoting import quoted

_ADVICE = "Leave it on; where it must be off, say in the message until when and why."
# What protects, by words of its name; and what must not be on.
_GUARDS = frozenset(
    {"tls", "ssl", "https", "mtls", "auth", "authentication", "authorization", "authorisation"}
    | {"verify", "verification", "encrypt", "encryption", "encrypted", "secure", "security"}
    | {"hsts", "csrf", "rbac", "acl", "mfa", "2fa", "sso", "oauth", "oidc", "firewall", "sign"}
    | {"signature", "certificate", "cert", "audit", "starttls", "waf", "httponly", "samesite"}
)
_HOLES = frozenset(
    {"insecure", "unsafe", "anonymous", "plaintext", "unauthenticated", "unencrypted", "noauth"}
    | {"nossl", "notls", "noverify"}
)
_TURNS = frozenset({"disable", "disabled", "skip", "ignore", "bypass", "no", "without", "allow"})
# Words written together: `sslmode`, `usetls`, `verifypeer`.
_JOINED = re.compile(r"^(?:ssl|tls|https|verify)|(?:ssl|tls|https|verify)$")
# Of a guard's name these say that it is about something of it rather than its being on.
_ABOUT = frozenset(
    {"port", "path", "file", "dir", "timeout", "host", "url", "name", "size", "interval", "ttl"}
    | {"days", "user", "group", "image", "tag", "level", "retries", "cache", "debug", "log"}
    | {"logging", "days", "count", "depth", "prefix", "id", "key", "retry", "delay", "description"}
)
_OFF = frozenset(
    {"false", "no", "off", "0", "none", "disable", "disabled", "never", "allow", "null", "noauth"}
    | {"plaintext", "anonymous", "insecure", "skip", "cert_none", "ssl.cert_none", "optional"}
    | {"nossl", "notls", "prefer", "permissive"}
)
_ON = frozenset({"true", "yes", "on", "1", "enable", "enabled", "always", "required"})
# Weak settings inside of addresses and options, and old protocols.
_WEAK = re.compile(
    r"sslmode=(?:disable|allow|prefer)\b|ssl(?:_?verify|_cert_reqs)?=(?:false|0|no|none|off)\b"
    r"|tls=(?:false|0|no|off)\b|(?:verify|verify_ssl|encrypt|usessl)=(?:false|0|no|off)\b"
    r"|(?:trustservercertificate|allow_insecure|insecure|tlsinsecure|skip_?verify)=(?:true|1|yes)\b"
    r"|--(?:insecure|no-check-certificate|no-verify|no-tls|no-auth)\b|\bcert_none\b"
    r"|\bsecurity_protocol=(?:plaintext|sasl_plaintext)\b",
    re.IGNORECASE,
)
_PROTOCOL = re.compile(r"(?<![\w.])(SSLv2|SSLv3|TLSv?1(?:\.[01])?)(?![\w.])", re.IGNORECASE)
_SCHEMES = {
    "https": "http",
    "wss": "ws",
    "ldaps": "ldap",
    "rediss": "redis",
    "amqps": "amqp",
    "mqtts": "mqtt",
    "ftps": "ftp",
    "sftp": "ftp",
    "smtps": "smtp",
    "imaps": "imap",
    "grpcs": "grpc",
    "tls": "tcp",
    "ssl": "tcp",
    "sasl_ssl": "sasl_plaintext",
}
_SCHEME = re.compile(r"(?<![\w+])([a-z][a-z_]*)://", re.IGNORECASE)


def protection(leaf: Leaf) -> Iterator[Finding]:
    """Find what protected and does not any more, or comes without protection."""
    if leaf.after is UNSET:
        return
    said = _switched(leaf) or _lowered(leaf) or _weakened(leaf)
    if said is None:
        return
    yield found(leaf, "protection-off", _severity(leaf), said, _ADVICE)


def _severity(leaf: Leaf) -> Severity:
    """Tell how bad it is: what was on and is off now is worse than what begins so."""
    if leaf.before is UNSET:
        # Elsewhere it is on, or nobody says: a new switch often begins as "off".
        differs = any(value != leaf.after for value in leaf.elsewhere.values())
        if not differs:
            return "low"
        return "high" if leaf.production else "medium"
    return "critical" if leaf.production else "high"


def _switched(leaf: Leaf) -> str | None:
    """Say that a switch called after a protection is off, or one called after a hole on."""
    spoken = words(leaf.name)
    bad = _bad_states(spoken)
    if bad is None or not _is(leaf.after, bad):
        return None
    if _is(leaf.before, bad):
        return None
    shown = quoted(leaf.name, leaf.after)
    said = f"{leaf.name} is {shown}"
    if leaf.before is not UNSET:
        said += f"; before it was {quoted(leaf.name, leaf.before)}"
    return said


def _bad_states(spoken: tuple[str, ...]) -> frozenset[str] | None:
    """Return the values that mean "unprotected" for a switch of that name; None: it is none."""
    named = set(spoken)
    if not named or spoken[-1] in _ABOUT:
        return None
    if named & _HOLES:
        return _ON
    if not named & _GUARDS and not any(_JOINED.search(word) for word in named):
        return None
    return _ON if named & _TURNS else _OFF


def _is(value: MaybeJSON, states: frozenset[str]) -> bool:
    if value is UNSET or isinstance(value, (list, dict, float)):
        return False
    if value is None:
        return False  # as it comes
    return str(value).strip().lower() in states


def _lowered(leaf: Leaf) -> str | None:
    """Say that an address that was encrypted is not."""
    text = leaf.text
    if text is None or not isinstance(leaf.before, str):
        return None
    before, now = _schemes(leaf.before), _schemes(text)
    if leaf.before.lower() in _SCHEMES and _SCHEMES[leaf.before.lower()] == text.lower():
        before, now = Counter([leaf.before.lower()]), Counter([text.lower()])
    for strong, weak in _SCHEMES.items():
        # Of several addresses, or of one inside of another, it may be one only.
        if now[strong] < before[strong] and now[weak] > before[weak]:
            return f"{strong} became {weak}: {quoted(leaf.name, text)}"
    return None


def _schemes(text: str) -> Counter[str]:
    return Counter(each.lower() for each in _SCHEME.findall(text))


def _weakened(leaf: Leaf) -> str | None:
    """Say that an option or a protocol inside of a text is weak."""
    text = leaf.text
    if text is None:
        return None
    for pattern in (_WEAK, _PROTOCOL):
        weak = pattern.search(text)
        if weak is not None and not (isinstance(leaf.before, str) and pattern.search(leaf.before)):
            return f"{quoted(leaf.name, text)} asks for {weak[0]}"
    return None
