"""Two tenants as the parser sees them: one names keys by paths, the other by dots."""

import random
from datetime import UTC, datetime

from central_config.assistant.model.language.synonyms import BUILT_IN
from central_config.assistant.model.language.vocabulary import Vocabulary

# A Wednesday.
NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)

_SHOP = """
app/db/host app/db/port app/db/pool app/db/pool/max app/db/password app/debug app/name
app/log/level app/feature_flags/new_checkout app/feature_flags/dark_mode payments/timeout
payments/gateway/timeout payments/gateway/url payments/retry/limit payments/retry/backoff_ms
payments/api_key payments/currency payments/tls/enabled http-client/retry/limit
http-client/timeout_ms http-client/pool/max_connections cache/redis/host cache/redis/port cache/ttl
cache/redis/password auth/jwt/secret auth/jwt/ttl auth/client/secret auth/session/timeout
auth/password/min_length mail/smtp/host mail/smtp/port mail/from search/index/shards search/host
search/read_timeout orders/db/host orders/db/pool/size orders/queue/name orders/timeout
orders/max_items billing/invoice/prefix billing/timeout billing/rate_limit log/level
monitoring/enabled monitoring/interval legacy/endpoint legacy/timeout inventory/timeout
shipping/timeout shipping/carrier/timeout
"""
_DOTTED = """
server.port server.address spring.datasource.url spring.datasource.username
spring.datasource.password spring.datasource.hikari.maximum-pool-size DATABASE_URL
http-client.maxRetries http-client.connectTimeout feature.newCheckout.enabled
feature.darkMode.enabled feature.betaSearch.enabled kafka.bootstrap.servers kafka.topic.orders
kafka.topic.payments kafka.partitions kafka.sasl.password logging.level.root
logging.level.com.acme.orders app.locale.default app.name services.user.url services.user.timeout
services.cart.url aws.region aws.s3.bucket.uploads upload.max-size upload.bucket tls.cert.path
tls.key.path session.cookie.name order.topic
"""
_VALUES = {
    "localhost", "5432", "20", "true", "false", "db.internal", "redis.internal", "EUR", "debug",
    "INFO", "30", "8080", "6379", "new-checkout",
}  # fmt: skip
_PARTS = (
    "db cache redis http client pool timeout retry limit host port user name password token url "
    "path size max min interval enabled level log queue topic region bucket index shard api key "
    "secret cert tls order payment invoice cart mail smtp jwt ttl session rate burst worker cpu"
)


def shop() -> Vocabulary:
    return Vocabulary(
        environments=("base", "dev", "staging", "prod", "prod-eu"),
        parents={"dev": "base", "staging": "base", "prod": "base", "prod-eu": "prod"},
        users=("alice", "bob", "carol.jones", "ci-bot", "admin"),
        keys=sorted(_SHOP.split()),
        synonyms=BUILT_IN,
        values=_VALUES.__contains__,
        version="1",
    )


def dotted() -> Vocabulary:
    return Vocabulary(
        environments=("default", "development", "qa", "production", "eu-production"),
        parents={},
        users=("dora.smith", "e.jones@acme.io", "deploy-bot", "max"),
        keys=sorted(_DOTTED.split()),
        synonyms=BUILT_IN,
        values={"8080", "true", "false"}.__contains__,
        version="1",
    )


def large(size: int = 10_000) -> Vocabulary:
    """Return a tenant of so many keys, among them those of `shop`."""
    chance = random.Random(3)  # noqa: S311 - keys of a test
    parts = _PARTS.split()
    keys = set(_SHOP.split())
    while len(keys) < size:
        depth = chance.randint(2, 4)
        path = "/".join(chance.choice(parts) for _ in range(depth))
        keys.add(f"service{chance.randrange(120)}/{path}")
    small = shop()
    return Vocabulary(
        environments=small.environments,
        parents=small.parents,
        users=(*small.users, *(f"user{number}" for number in range(200))),
        keys=sorted(keys),
        synonyms=BUILT_IN,
        values=_VALUES.__contains__,
        version="1",
    )
