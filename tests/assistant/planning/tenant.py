"""A tenant whose words the questions of these tests are about."""

from datetime import UTC, datetime

from central_config.assistant.model.language.synonyms import BUILT_IN
from central_config.assistant.model.language.vocabulary import Vocabulary

# A Wednesday.
NOW = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)
KEYS = """
checkout/cache/enabled checkout/cache/ttl_seconds checkout/database/host checkout/database/password
checkout/database/pool/max checkout/database/port checkout/http/timeout_ms features/dark_mode
features/guest_cart features/new_checkout gateway/rate_limit/burst gateway/rate_limit/per_minute
gateway/tls/enabled notifications/sms/token notifications/smtp/host notifications/smtp/password
notifications/smtp/port payments/cache/ttl_seconds payments/database/host
payments/database/password payments/http/timeout_ms payments/stripe/api_key payments/stripe/url
search/cache/enabled search/http/timeout_ms search/index/shards search/logging/level
""".split()  # noqa: SIM905 - a table
_VALUES = frozenset({"5432", "true", "false", "smtp.internal", "2000", "info"})


def vocabulary(version: str = "1") -> Vocabulary:
    """Return what one caller may see of it."""
    return Vocabulary(
        environments=("base", "dev", "staging", "prod", "prod-eu"),
        parents={"dev": "base", "staging": "base", "prod": "base", "prod-eu": "prod"},
        users=("alice", "bob", "carla", "deploy-bot"),
        keys=tuple(sorted(KEYS)),
        synonyms=BUILT_IN,
        values=_VALUES.__contains__,
        version=version,
    )
