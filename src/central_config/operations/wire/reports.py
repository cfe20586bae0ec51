"""HTTP models of maintenance and its reports."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from central_config.operations.model.reports import Report, Section, counts

MaintenanceName = Literal["hourly", "daily", "weekly", "monthly"]
ReportStatus = Literal["ok", "warning", "bad"]


class MaintenanceIn(BaseModel):
    """How maintenance is to be done."""

    apply: bool = Field(
        default=False,
        description="Monthly: rebuild indexes that need it, rather than say how. It takes time and "
        "reads a lot, and stops nobody",
    )


class SectionOut(BaseModel):
    """One part of a report."""

    name: str
    status: Literal["ok", "skipped", "unknown", "warning", "bad"]
    summary: str
    facts: dict[str, Any]
    advice: list[str]

    @classmethod
    def of(cls, section: Section) -> "SectionOut":
        """Return the HTTP form."""
        return cls(
            name=section.name,
            status=section.status.value,
            summary=section.summary,
            facts=dict(section.facts),
            advice=section.advice,
        )


class ReportOut(BaseModel):
    """What one run of maintenance, or one verification of the audit log, found."""

    id: UUID
    kind: str = Field(examples=["maintenance.daily"])
    started_at: datetime
    finished_at: datetime
    status: ReportStatus
    counts: dict[str, int] = Field(description="Sections by status; what is skipped is not green")
    sections: list[SectionOut]

    @classmethod
    def of(cls, report: Report) -> "ReportOut":
        """Return the HTTP form."""
        return cls(
            id=report.id,
            kind=report.kind,
            started_at=report.started_at,
            finished_at=report.finished_at,
            status=report.status.value,  # pyright: ignore[reportArgumentType] - the table checks it
            counts=counts(report.sections),
            sections=[SectionOut.of(each) for each in report.sections],
        )


class ReportPage(BaseModel):
    """Reports, newest first."""

    items: list[ReportOut]
    next_cursor: str | None
