"""What the HTTP API of checklists takes and gives."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from central_config.core.web import Text
from central_config.incidents.model.checklists import Checklist, ItemStatus, Run

Reason = Annotated[Text, Field(max_length=500)]
Confirmations = Annotated[
    dict[Text, Reason],
    Field(
        max_length=50,
        description="Items you confirm, each with why you may say so",
        examples=[{"tests-passing": "run 4711 is green"}],
    ),
]


class ItemOut(BaseModel):
    """One line of a checklist."""

    slug: str = Field(examples=["tests-passing"])
    text: str
    looks_at: str = Field(description="What is looked at without asking; empty: nothing can be")
    decides: bool = Field(description="What is found settles it; else somebody confirms as well")


class ChecklistOut(BaseModel):
    """A checklist."""

    name: str = Field(examples=["pre-deployment"])
    title: str
    of_incident: bool = Field(description="It is gone through for one incident")
    items: list[ItemOut]

    @classmethod
    def of(cls, checklist: Checklist) -> "ChecklistOut":
        """Return the HTTP form."""
        items = [ItemOut.model_validate(each._asdict()) for each in checklist.items]
        return cls.model_validate({**checklist._asdict(), "items": items})


class ChecklistsOut(BaseModel):
    """All checklists."""

    items: list[ChecklistOut]


class RunBody(BaseModel):
    """How to go through a checklist."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    incident: Text | None = Field(
        default=None, max_length=40, description="For post-incident: its id"
    )
    confirm: Confirmations = Field(default_factory=dict)


class ConfirmBody(BaseModel):
    """Items to confirm in a run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    confirm: Confirmations = Field(min_length=1)


class StateOut(BaseModel):
    """How an item stands."""

    slug: str
    text: str
    status: ItemStatus
    evidence: str = Field(description="What was found without asking")
    by: str = Field(description="Who confirmed it")
    reason: str
    at: datetime | None


class RunOut(BaseModel):
    """A checklist as it was gone through."""

    id: UUID
    checklist: str
    incident_id: str | None
    started_at: datetime
    started_by: str
    updated_at: datetime
    green: bool = Field(description="Every item is checked or confirmed")
    items: list[StateOut]

    @classmethod
    def of(cls, run: Run) -> "RunOut":
        """Return the HTTP form."""
        fields = {name: getattr(run, name) for name in cls.model_fields if name != "items"}
        items = [
            {name: getattr(each, name) for name in StateOut.model_fields} for each in run.items
        ]
        return cls.model_validate({**fields, "items": items})


class RunPage(BaseModel):
    """Runs of checklists, newest first."""

    items: list[RunOut]
    next_cursor: str | None
