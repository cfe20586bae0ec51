"""Whom a target stands for with the settings there are."""

from typing import NamedTuple

from central_config.core.settings import Settings
from central_config.notifications.model import (
    DEFAULT,
    MAIL,
    SLACK,
    WEBHOOK,
    Target,
    is_address,
    parse_target,
)

SET_UP_SOMETHING = (
    "set SLACK_WEBHOOK_URL, SMTP_URL with MAIL_FROM and MAIL_TO, or NOTIFY_WEBHOOK_URL"
)


class Reach(NamedTuple):
    """The targets that can be told, and why others cannot (each a phrase for people)."""

    targets: list[str]
    unreachable: list[str]


def reach(wanted: list[str], settings: Settings) -> Reach:
    """Return whom the targets stand for, each once, and which of them have no channel set up.

    Raises:
        ValueError: a text is no target.
    """
    targets: dict[str, None] = {}
    unreachable: list[str] = []
    for text in wanted:
        target = parse_target(text)
        if target.channel == DEFAULT:
            targets.update(dict.fromkeys(_everything(settings)))
            continue
        reason = missing(target, settings)
        if reason is None:
            targets.update(dict.fromkeys(_expanded(target, settings)))
        else:
            unreachable.append(f"{text}: {reason}")
    return Reach(list(targets), unreachable)


def missing(target: Target, settings: Settings) -> str | None:
    """Return which setting a target lacks; None when it can be told."""
    needed: dict[str, object]
    if target.channel == SLACK:
        needed = {"SLACK_WEBHOOK_URL": settings.slack_webhook_url}
    elif target.channel == MAIL:
        needed = {"SMTP_URL": settings.smtp_url, "MAIL_FROM": settings.mail_from}
        if not target.address:
            needed["MAIL_TO"] = mail_recipients(settings)
    else:
        needed = {
            "NOTIFY_WEBHOOK_URL": settings.notify_webhook_url,
            "NOTIFY_WEBHOOK_SECRET": settings.notify_webhook_secret,
        }
    absent = [name for name, value in needed.items() if not value]
    return f"{' and '.join(absent)} not set" if absent else None


def mail_recipients(settings: Settings) -> list[str]:
    """Return the addresses of MAIL_TO; a text among them that is none is left out."""
    parts = (part.strip() for part in settings.mail_to.split(","))
    return [part for part in parts if is_address(part)]


def _everything(settings: Settings) -> list[str]:
    found: list[str] = []
    for channel in (SLACK, MAIL, WEBHOOK):
        target = Target(channel)
        if missing(target, settings) is None:
            found += _expanded(target, settings)
    return found


def _expanded(target: Target, settings: Settings) -> list[str]:
    if target == Target(MAIL):
        return [Target(MAIL, address).text for address in mail_recipients(settings)]
    return [target.text]
