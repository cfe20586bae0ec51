"""What the HTTP API says of keys that are replaced."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from central_config.access.model import Rotation
from central_config.access.wire import KeyAnswer, NewKeyAnswer, Slugs

_DAY = 86_400


class RotateBody(BaseModel):
    """How a key is replaced."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    overlap_seconds: int = Field(
        default=7 * _DAY,
        ge=0,
        le=365 * _DAY,
        description="How long the old key stays good, unless it ends before; 0 = it ends now",
    )

    @property
    def overlap(self) -> timedelta:
        """The same for the service."""
        return timedelta(seconds=self.overlap_seconds)


class RotatedAnswer(NewKeyAnswer):
    """The successor of a key, and until when the old one is good."""

    overlap_ends_at: datetime

    @classmethod
    def replacing(cls, rotation: Rotation, token: str, slugs: Slugs) -> "RotatedAnswer":
        """Return the new key with its token."""
        made = NewKeyAnswer.made(rotation.new, token, slugs)
        return cls.model_validate({**dict(made), "overlap_ends_at": rotation.overlap_ends_at})


class RotationAnswer(BaseModel):
    """A key that is being replaced."""

    old: KeyAnswer
    new: KeyAnswer
    rotated_at: datetime
    overlap_ends_at: datetime
    still_used: bool = Field(description="The old key was used after it had a successor")

    @classmethod
    def of(cls, rotation: Rotation, slugs: Slugs) -> "RotationAnswer":
        """Return the rotation as the API shows it."""
        return cls(
            old=KeyAnswer.of(rotation.old, slugs),
            new=KeyAnswer.of(rotation.new, slugs),
            rotated_at=rotation.rotated_at,
            overlap_ends_at=rotation.overlap_ends_at,
            still_used=rotation.still_used,
        )


class RotationsAnswer(BaseModel):
    """The keys that are being replaced, oldest rotation first."""

    items: list[RotationAnswer]
    next_cursor: None = None
