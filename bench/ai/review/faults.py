"""The nine kinds of faults, as people make them, planted into real values.

Each planter takes a place (a key, its real value, and what stands around) and returns what somebody
would have written by mistake, or None where such a mistake cannot be made with that value.
"""

import math
import random
import re
import string
from collections.abc import Callable, Mapping
from typing import NamedTuple

from central_config.core.json import JSON

NAMES_OF_OTHERS = ("staging", "stg", "dev", "development", "stage")


class Fault(NamedTuple):
    """A value somebody wrote by mistake, where, and what the workspace holds there before."""

    key: str
    value: JSON
    environment: str = "prod"
    planted: Mapping[str, JSON] = {}


Planter = Callable[[random.Random, str, JSON], "Fault | None"]


def type_drift(chance: random.Random, key: str, value: JSON) -> Fault | None:
    """Quotes around what is no text, or none around what is."""
    environment = chance.choice(("base", "prod"))
    if isinstance(value, bool):
        return Fault(key, str(value).lower(), environment)
    if isinstance(value, (int, float)):
        return Fault(key, chance.choice((str(value), [value])), environment)
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return Fault(key, ",".join(map(str, value)), environment)
    if isinstance(value, str) and value and "{{" not in value and "{%" not in value:
        number = int(value) if value.isdigit() and len(value) < 10 else None
        return Fault(
            key, chance.choice(([value], number if number is not None else True)), environment
        )
    return None


def magnitude(chance: random.Random, key: str, value: JSON) -> Fault | None:
    """Zeros too many or too few, or another unit."""
    if re.search(r"port|version|[gu]id", key.lower()) or isinstance(value, bool):
        return None  # numbers that are names
    factor = chance.choice((10, 100, 1000))
    if isinstance(value, int) and value >= 2:
        smaller = value % 10 == 0 and value >= 100 and chance.random() < 0.3
        return Fault(key, value // 10 if smaller else value * factor)
    if isinstance(value, float) and 0 < value < math.inf:
        return Fault(key, value * factor)
    timed = (
        re.fullmatch(r"(\d+)( ?)(ms|s|m|h|MB|MiB|GB|GiB|KB|kB)", value)
        if isinstance(value, str)
        else None
    )
    if timed is None:
        return None
    return Fault(key, f"{int(timed[1]) * factor}{timed[2]}{timed[3]}")


def other_environment(chance: random.Random, key: str, value: JSON) -> Fault | None:
    """The value of another environment, pasted into production."""
    if not isinstance(value, str) or not re.fullmatch(r"[\w./:@-]{3,80}", value):
        return None
    other = chance.choice(NAMES_OF_OTHERS)
    url = re.fullmatch(r"([a-z+]+://)([\w.-]+)(.*)", value)
    if url is not None:
        host = chance.choice(
            (f"{other}.{url[2]}", f"{url[2]}-{other}", f"db.{other}.corp.internal")
        )
        return Fault(key, f"{url[1]}{host}{url[3]}")
    if "." in value and "/" not in value:
        first, _, rest = value.partition(".")
        return Fault(key, chance.choice((f"{first}-{other}.{rest}", f"{first}.{other}.{rest}")))
    return Fault(
        key, chance.choice((f"{value}-{other}", f"{other}_{value}", f"{value}.{other}.internal"))
    )


def localhost(chance: random.Random, key: str, value: JSON) -> Fault | None:
    """An address that works where it was tried."""
    name = key.rpartition("/")[2].lower()
    local = isinstance(value, str) and re.search(r"localhost|127\.0|::1", value)
    if not isinstance(value, str) or local or re.search(r"bind|listen|interface", name):
        return None
    if re.match(r"[a-z+]+://", value):
        host = chance.choice(("localhost", "127.0.0.1", "localhost:8080", "[::1]:9000"))
        return Fault(key, re.sub(r"(?<=://)[^/]*", host, value, count=1))
    if not re.search(r"host|url|uri|addr|endpoint|server|broker|fqdn|registry|domain", name):
        return None
    return Fault(key, chance.choice(("localhost", "127.0.0.1", "localhost:5432", "127.0.0.1:6379")))


def near_miss(chance: random.Random, key: str, value: JSON) -> Fault | None:
    """A letter lost, doubled, replaced or swapped, in production only."""
    if not isinstance(value, str) or not 5 <= len(value) <= 120:
        return None
    places = [
        at for at, letter in enumerate(value[:-1]) if letter.isalpha() and value[at + 1].isalpha()
    ]
    if len(places) < 4:
        return None
    at = chance.choice(places)
    letter, following = value[at], value[at + 1]
    made = chance.choice(
        (
            value[:at] + value[at + 1 :],
            value[:at] + letter + value[at:],
            value[:at] + following + letter + value[at + 2 :],
            value[:at] + chance.choice(string.ascii_lowercase) + value[at + 1 :],
        )
    )
    return Fault(key, made) if made != value else None


def white_space(chance: random.Random, key: str, value: JSON) -> Fault | None:
    """What is pasted along: a blank, a tab, a line break, a no-break or zero-width space."""
    if not isinstance(value, str) or not any(map(str.isalnum, value)) or "\n" in value:
        return None
    made = chance.choice(
        (f"{value} ", f" {value}", f"{value}\n", f"{value}\t", f"\u00a0{value}", f"{value}\u200b")
    )
    return Fault(key, made, chance.choice(("base", "prod")))


PLACEHOLDERS = (
    "CHANGEME",
    "changeme",
    "change-me",
    "TODO",
    "TODO: ask ops",
    "FIXME",
    "tbd",
    "<your-host>",
    "<hostname>",
    "YOUR_API_KEY",
    "your-token-here",
    "xxxxxx",
    "XXX",
    "REPLACE_ME",
    "replace-with-real-value",
    "insert-url-here",
    "https://example.com/api",
    "db.example.com",
    "user@example.org",
    "dummy",
    "placeholder",
    "<REPLACE>",
    "fill-me-in",
    "???",
    "https://your-domain.com/",
)


def placeholder(chance: random.Random, key: str, value: JSON) -> Fault | None:
    """A text of the template."""
    return Fault(key, chance.choice(PLACEHOLDERS)) if isinstance(value, str) else None


def plain_secret(chance: random.Random, key: str, value: JSON) -> Fault | None:
    """A credential where everybody reads it."""
    del value
    group = key.rpartition("/")[0]
    return chance.choice(_CREDENTIALS)(chance, key, group)


def _drawn(
    chance: random.Random, length: int, alphabet: str = string.ascii_letters + string.digits
) -> str:
    return "".join(chance.choice(alphabet) for _ in range(length))


_HEX = "0123456789abcdef"
_UPPER = string.ascii_uppercase + string.digits
_CREDENTIALS: tuple[Callable[[random.Random, str, str], Fault], ...] = (
    lambda c, _, g: Fault(f"{g}/aws_key", "AKIA" + _drawn(c, 16, _UPPER)),
    lambda c, k, _: Fault(k, "ghp_" + _drawn(c, 36)),
    lambda c, k, _: Fault(k, f"xoxb-{_drawn(c, 12, string.digits)}-{_drawn(c, 24)}"),
    lambda c, _, g: Fault(f"{g}/payment", "sk_live_" + _drawn(c, 24)),
    lambda c, _, g: Fault(f"{g}/db_password", _drawn(c, 12)),
    lambda c, _, g: Fault(
        f"{g}/smtpPassword", c.choice(("Summer2024!", "hunter22", "Tr0ub4dor&3"))
    ),
    lambda c, _, g: Fault(f"{g}/client-secret", _drawn(c, 32)),
    lambda c, _, g: Fault(f"{g}/api_key", _drawn(c, 32, _HEX)),
    lambda c, _, g: Fault(f"{g}/AUTH_TOKEN", _drawn(c, 20)),
    lambda c, _, g: Fault(
        f"{g}/connection", f"postgresql://app:{_drawn(c, 10)}@db-1.internal:5432/app"
    ),
    lambda c, _, g: Fault(f"{g}/broker", f"amqp://svc:{_drawn(c, 14)}@mq.internal/"),
    lambda c, _, g: Fault(f"{g}/extra", _drawn(c, 40, string.ascii_letters + string.digits + "+/")),
    lambda c, _, g: Fault(f"{g}/extra", _drawn(c, 40, _HEX)),
    lambda c, _, g: Fault(
        f"{g}/signing",
        f"-----BEGIN RSA PRIVATE KEY-----\n{_drawn(c, 64)}\n-----END RSA PRIVATE KEY-----\n",
    ),
    lambda c, _, g: Fault(
        f"{g}/session", f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.{_drawn(c, 43)}"
    ),
)

# What is switched off: how it is called, how it should be, and how it is by mistake.
SWITCHES: tuple[tuple[str, JSON, JSON], ...] = (
    ("verify_ssl", True, False),
    ("tls_enabled", True, False),
    ("enable_tls", "yes", "no"),
    ("ssl_verify", "yes", "no"),
    ("sslmode", "verify-full", "disable"),
    ("insecure_skip_verify", False, True),
    ("disable_auth", False, True),
    ("auth_enabled", True, False),
    ("require_authentication", True, False),
    ("allow_anonymous", False, True),
    ("security_protocol", "SASL_SSL", "PLAINTEXT"),
    ("min_tls_version", "TLSv1.2", "TLSv1.0"),
    ("csrf_protection", True, False),
    ("encrypt_at_rest", True, False),
    ("auth_backend", "ldap", "none"),
    ("cert_reqs", "CERT_REQUIRED", "CERT_NONE"),
    ("cache", "rediss://cache.internal:6380/0", "redis://cache.internal:6380/0"),
    ("database", "postgresql://db/app?sslmode=verify-full", "postgresql://db/app?sslmode=disable"),
    ("callback", "https://hooks.internal/in", "http://hooks.internal/in"),
    ("httpsOnly", True, False),
    ("useSSL", "true", "false"),
    ("tlsInsecure", False, True),
)


def protection_off(chance: random.Random, key: str, value: JSON) -> Fault | None:
    """Encryption, verification or authentication switched off "for a moment"."""
    environment = chance.choice(("base", "prod"))
    name = key.rpartition("/")[2].lower()
    if isinstance(value, str) and value.startswith("https://"):
        return Fault(key, "http://" + value.removeprefix("https://"), environment)
    if value is True and re.search(r"tls|ssl|auth|verify|encrypt|secur", name):
        return Fault(key, False, environment)
    switch, good, bad = chance.choice(SWITCHES)
    place = f"{key.rpartition('/')[0]}/{switch}"
    return Fault(place, bad, environment, {place: good})


FAULTS: Mapping[str, Planter] = {
    "type-drift": type_drift,
    "magnitude": magnitude,
    "other-environment": other_environment,
    "localhost": localhost,
    "near-miss": near_miss,
    "white-space": white_space,
    "placeholder": placeholder,
    "plain-secret": plain_secret,
    "protection-off": protection_off,
}
