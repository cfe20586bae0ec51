"""HTTP models of notifications."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from central_config.core.web import Text
from central_config.notifications.model import TARGET_FORMS, Notification

NotificationStatus = Literal["queued", "sent", "failed"]
ChannelName = Literal["slack", "mail", "webhook"]


class NotificationOut(BaseModel):
    """A message to somebody."""

    id: UUID
    channel: ChannelName
    target: str = Field(examples=["mail:oncall@example.org"])
    subject: str
    body: str
    about: str = Field(description="What it tells of", examples=["INC-2026-1123-001"])
    status: NotificationStatus
    attempts: int
    next_attempt_at: datetime = Field(description="It is not tried before")
    error: str | None = Field(description="Why the last attempt failed")
    created_at: datetime
    sent_at: datetime | None

    @classmethod
    def of(cls, message: Notification) -> "NotificationOut":
        """Return the HTTP form."""
        return cls.model_validate({name: getattr(message, name) for name in cls.model_fields})


class NotificationPage(BaseModel):
    """Messages, newest first."""

    items: list[NotificationOut]
    next_cursor: str | None


class TestBody(BaseModel):
    """Whom to send a test message."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: Text = Field(
        max_length=300, description=TARGET_FORMS, examples=["mail:oncall@example.org"]
    )


class TestAnswer(BaseModel):
    """The messages that were written; whether they arrive is seen a moment later."""

    items: list[NotificationOut]
