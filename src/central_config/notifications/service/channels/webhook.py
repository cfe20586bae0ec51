"""A webhook of yours: JSON with a signature that also covers the time it was sent.

The receiver computes HMAC-SHA256 with NOTIFY_WEBHOOK_SECRET over the timestamp, a full stop and the
body, compares it with what follows `v1=`, and refuses old timestamps: so nobody can repeat it.
"""

import hashlib
import hmac
import time

from central_config.core.clock import rfc3339
from central_config.core.json import encode
from central_config.core.settings import Settings
from central_config.notifications.model import DeliveryError, Notification
from central_config.notifications.service.channels.posting import check_url, post

TIMESTAMP, SIGNATURE = "Central-Config-Timestamp", "Central-Config-Signature"


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature header of a body sent at a time (seconds since 1970)."""
    signed = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


async def send(message: Notification, settings: Settings) -> None:
    """Send a message.

    Raises:
        DeliveryError: it was not taken.
    """
    if settings.notify_webhook_url is None or settings.notify_webhook_secret is None:
        raise DeliveryError("NOTIFY_WEBHOOK_URL or NOTIFY_WEBHOOK_SECRET is not set", final=True)
    url = settings.notify_webhook_url.get_secret_value()
    check_url(url, "NOTIFY_WEBHOOK_URL", private=False)
    body = encode(
        {
            "id": str(message.id),
            "about": message.about,
            "subject": message.subject,
            "body": message.body,
            "created_at": rfc3339(message.created_at),
        }
    )
    timestamp = str(int(time.time()))
    headers = {
        TIMESTAMP: timestamp,
        SIGNATURE: sign(settings.notify_webhook_secret.get_secret_value(), timestamp, body),
        "Idempotency-Key": str(message.id),
    }
    await post(url, body, headers)
