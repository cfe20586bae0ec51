"""HTTP models of background jobs."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from central_config.core.jobs.model import Job

JobStatus = Literal["queued", "running", "done", "failed", "cancelled"]


class JobOut(BaseModel):
    """A background job."""

    id: UUID
    kind: str = Field(examples=["maintenance.hourly"])
    status: JobStatus
    arguments: dict[str, Any] = Field(description="What it was asked to work on")
    attempts: int = Field(description="Runs that were begun")
    progress: float | None = Field(description="Share that is done, 0 to 1; null: not known")
    note: str = Field(description="What it does at the moment")
    result: Any = Field(description="What it returned; null before it is done")
    error: str | None = Field(description="Why the last run failed")
    created_at: datetime
    run_after: datetime = Field(description="It is not begun before")
    started_at: datetime | None
    heartbeat_at: datetime | None = Field(description="When the run was last heard of")
    finished_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> "JobOut":
        """Return the HTTP form."""
        return cls.model_validate({name: getattr(job, name) for name in cls.model_fields})


class JobPage(BaseModel):
    """Jobs, newest first."""

    items: list[JobOut]
    next_cursor: str | None
