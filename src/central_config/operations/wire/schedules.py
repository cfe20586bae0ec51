"""HTTP models of what runs by itself."""

from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from central_config.core.jobs.schedules import Planned


class ScheduleOut(BaseModel):
    """Work that is enqueued regularly."""

    name: str = Field(examples=["maintenance.daily"])
    kind: str = Field(description="The kind of its jobs")
    every_seconds: int
    enabled: bool
    last_enqueued_at: datetime | None
    next_at: datetime | None = Field(
        description="When it is due, now where that is past; null: never, for it is disabled"
    )

    @classmethod
    def of(cls, planned: Planned) -> "ScheduleOut":
        """Return the HTTP form."""
        last = planned.last_enqueued_at
        again = timedelta(seconds=planned.every_seconds)
        due = planned.not_before if last is None else last + again
        return cls(
            name=planned.name,
            kind=planned.kind,
            every_seconds=planned.every_seconds,
            enabled=planned.enabled,
            last_enqueued_at=last,
            next_at=due if planned.enabled else None,
        )


class SchedulePage(BaseModel):
    """The whole plan, by name."""

    items: list[ScheduleOut]
    next_cursor: str | None = None


class SwitchIn(BaseModel):
    """How a schedule is to be."""

    enabled: bool
