"""HTTP models of backups."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from central_config.backups.model.runs import Run


class BackupRunOut(BaseModel):
    """Something that was done with a backup."""

    id: UUID
    action: Literal["create", "verify", "drill", "restore", "prune"]
    method: str = Field(description="portable or physical")
    kind: str = Field(description="export, configuration, full, diff or incr")
    label: str = Field(description="The backup; empty when it never came so far")
    outcome: Literal["done", "failed"]
    started_at: datetime = Field(description="Of a backup: the moment it shows")
    finished_at: datetime
    size_bytes: int | None
    error: str | None = Field(description="Why it failed")
    detail: dict[str, Any]

    @classmethod
    def of(cls, run: Run) -> "BackupRunOut":
        """Return the HTTP form."""
        return cls.model_validate({name: getattr(run, name) for name in cls.model_fields})


class BackupRunPage(BaseModel):
    """What was done with backups, the last first."""

    items: list[BackupRunOut]
    next_cursor: str | None
