"""What a message is, whom it can go to, and how long it is tried."""

import re
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

SLACK, MAIL, WEBHOOK, DEFAULT = "slack", "mail", "webhook", "default"

QUEUED, SENT, FAILED = "queued", "sent", "failed"

TARGET_FORMS = (
    "slack, slack:#channel, mail, mail:somebody@example.org, webhook, or default for every "
    "channel that is set up"
)

# After so many attempts, about four hours with the delays below, a message is given up.
MOST_ATTEMPTS = 20
_FIRST_DELAY, _LONGEST_DELAY = 5.0, 900.0  # seconds

_SUBJECT_LENGTH = 200
_CHANNEL = re.compile(r"#[A-Za-z0-9._-]{1,80}")
# Narrower than RFC 5321 on purpose: nothing that could end a header or an SMTP command.
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,190}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Target(NamedTuple):
    """Where a message goes: a channel, and for Slack and mail an address in it ("" = the usual)."""

    channel: str
    address: str = ""

    @property
    def text(self) -> str:
        """The form people write."""
        return f"{self.channel}:{self.address}" if self.address else self.channel


class Message(NamedTuple):
    """Something to tell somebody.

    `target` is one of `TARGET_FORMS` but `default` or `mail` alone, which stand for several: see
    `service.reach`. `about` names what it tells of (an incident's id). Of messages with one
    `dedupe_key` only the first is sent, for ever.
    """

    target: str
    subject: str
    body: str
    about: str = ""
    dedupe_key: str | None = None


class Notification(msgspec.Struct, frozen=True):
    """A message in the outbox. `error` says why the last attempt failed, never with a secret."""

    id: UUID
    channel: str
    target: str
    subject: str
    body: str
    about: str
    status: str
    attempts: int
    next_attempt_at: datetime
    error: str | None
    dedupe_key: str | None
    created_at: datetime
    sent_at: datetime | None


class DeliveryError(Exception):
    """Why a message was not taken, in words that are shown to operators and hold no secret.

    `final`: trying again would not help.
    """

    def __init__(self, words: str, *, final: bool = False) -> None:
        super().__init__(words)
        self.final = final


def parse_target(text: str) -> Target:
    """Return the target a text names.

    Raises:
        ValueError: it names none; the words are for whoever wrote it.
    """
    channel, colon, address = text.partition(":")
    if not colon and channel in {SLACK, MAIL, WEBHOOK, DEFAULT}:
        return Target(channel)
    if channel == SLACK and _CHANNEL.fullmatch(address):
        return Target(SLACK, address)
    if channel == MAIL and is_address(address):
        return Target(MAIL, address)
    message = f"{text[:100]!r} is no target; write {TARGET_FORMS}"
    raise ValueError(message)


def is_address(text: str) -> bool:
    """Tell whether the text can be the address of one recipient."""
    return _ADDRESS.fullmatch(text) is not None and ".." not in text


def one_line(text: str) -> str:
    """Return a text as a subject: one line, nothing that controls, not too long."""
    line = _CONTROLS.sub(" ", text).strip()
    return line if len(line) <= _SUBJECT_LENGTH else line[: _SUBJECT_LENGTH - 3] + "..."


def delay_after(attempts: int) -> float:
    """Return the seconds to wait after so many attempts that failed."""
    return min(_FIRST_DELAY * 2 ** max(attempts - 1, 0), _LONGEST_DELAY)
