"""Slack, through an incoming webhook.

The webhook of a Slack app always writes to the channel it was made for; only the older kind obeys
the channel that a target names.
"""

from central_config.core.json import encode
from central_config.core.settings import Settings
from central_config.notifications.model import DeliveryError, Notification, parse_target
from central_config.notifications.service.channels.posting import check_url, post

# Slack cuts longer texts itself, in the middle of a word and without saying so.
_LONGEST = 39_000


async def send(message: Notification, settings: Settings) -> None:
    """Send a message.

    Raises:
        DeliveryError: it was not taken.
    """
    if settings.slack_webhook_url is None:
        raise DeliveryError("SLACK_WEBHOOK_URL is not set", final=True)
    url = settings.slack_webhook_url.get_secret_value()
    check_url(url, "SLACK_WEBHOOK_URL", private=True)
    # Without escaping, a text could address everybody (`<!channel>`) or hide a link.
    text = _escaped(f"{message.subject}\n\n{message.body}")[:_LONGEST]
    body = {"text": text, "mrkdwn": False}
    channel = parse_target(message.target).address or settings.slack_channel
    if channel:
        body["channel"] = channel
    await post(url, encode(body), {})


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
