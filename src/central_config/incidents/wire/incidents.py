"""What the HTTP API of incidents takes and gives."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from central_config.core.web import Moment, Text, encode_cursor
from central_config.incidents.model.escalation import Condition, Step
from central_config.incidents.model.incidents import (
    Action,
    Contact,
    Entry,
    Incident,
    Severity,
    Status,
    Told,
)
from central_config.incidents.service.incidents import New
from central_config.notifications.model import TARGET_FORMS

OpenStatus = Literal["investigating", "identified", "monitoring"]

Line = Annotated[Text, Field(max_length=200, pattern=r"^[^\r\n]*$")]
Story = Annotated[Text, Field(max_length=20_000)]
Names = Annotated[list[Line], Field(max_length=100)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContactBody(_Body):
    """Whom to ask."""

    name: Line = Field(default="", examples=["Ada Lovelace"])
    phone: Line = Field(default="", examples=["+254 700 000 000"])
    email: Line = Field(default="", examples=["ada@example.org"])

    def model(self) -> Contact:
        """Return it for the service."""
        return Contact(self.name, self.phone, self.email)


class NewIncident(_Body):
    """An incident to open."""

    severity: Severity
    title: Line = Field(min_length=1, description="A short description", examples=["API down"])
    situation: Story = Field(default="", description="What is known, and being done")
    services: Names = Field(default_factory=list, examples=[["API", "worker"]])
    customers: Line = Field(default="", description="How many customers feel it, estimated")
    revenue: Line = Field(default="", description="What it costs, if applicable")
    contact: ContactBody = ContactBody()
    widespread: bool = False
    customer_facing: bool = False
    business_critical: bool = False
    detected_at: Moment | None = Field(default=None, description="When it was noticed; now")

    def new(self) -> New:
        """Return it for the service."""
        fields = self.model_dump(exclude={"contact", "services"})
        return New(**fields, services=tuple(self.services), contact=self.contact.model())


# Of what is changed, null means none here and "stays" elsewhere.
_CAN_BE_NULL = frozenset({"next_update_at", "due"})


class _Changes(_Body):
    def changes(self) -> dict[str, object]:
        """Return what was given, by the names of the service."""
        given: dict[str, Any] = {
            name: value
            for name in self.model_fields_set
            if (value := getattr(self, name)) is not None or name in _CAN_BE_NULL
        }
        if isinstance(given.get("contact"), ContactBody):
            given["contact"] = given["contact"].model()
        if "services" in given:
            given["services"] = tuple(given["services"])
        return given


class IncidentPatch(_Changes):
    """Facts to correct or add; what is absent stays."""

    severity: Severity | None = None
    title: Line | None = Field(default=None, min_length=1)
    services: Names | None = None
    customers: Line | None = None
    revenue: Line | None = None
    contact: ContactBody | None = None
    widespread: bool | None = None
    customer_facing: bool | None = None
    business_critical: bool | None = None
    next_update_at: Moment | None = None
    summary: Story | None = None
    root_cause: Story | None = None
    resolution: Story | None = None
    prevention: Story | None = None
    lessons: Story | None = None


class UpdateBody(_Changes):
    """Something to write into the timeline."""

    text: Story = Field(min_length=1, examples=["The database is back; we watch the error rate."])
    status: OpenStatus | None = None
    severity: Severity | None = None
    next_update_at: Moment | None = Field(default=None, description="When to expect the next")


class ResolveBody(_Changes):
    """How an incident ended."""

    resolution: Story = Field(min_length=1, description="The steps taken")
    summary: Story | None = Field(default=None, description="What happened")
    root_cause: Story | None = None
    prevention: Story | None = None
    lessons: Story | None = None


class EscalateBody(_Body):
    """Whom to tell now."""

    role: Text | None = Field(
        default=None, max_length=60, description="Absent: the next who has not been told"
    )


class NewAction(_Body):
    """Something to do."""

    text: Line = Field(min_length=1, examples=["Alert on the age of backups"])
    owner: Line = Field(default="", examples=["ada"])
    due: date | None = None


class ActionPatch(_Changes):
    """What to change of an action item; what is absent stays."""

    text: Line | None = Field(default=None, min_length=1)
    owner: Line | None = None
    due: date | None = None
    done: bool | None = None


class StepBody(_Body):
    """A step of the escalation schedule."""

    name: Line = Field(default="", description="For people; absent: made from the role")
    after_minutes: int = Field(ge=0, le=10_080, description="From the opening on")
    condition: Condition = "any"
    targets: list[Annotated[Text, Field(max_length=300)]] = Field(
        default_factory=list, max_length=20, description=TARGET_FORMS
    )

    def step(self, role: str) -> Step:
        """Return it for the service."""
        name = self.name or role.replace("-", " ").capitalize()
        return Step(role, name, self.after_minutes, self.condition, tuple(self.targets))


class StepOut(BaseModel):
    """A step of the escalation schedule."""

    role: str = Field(examples=["team-lead"])
    name: str = Field(examples=["Team lead"])
    after_minutes: int
    condition: Condition
    targets: list[str] = Field(description="None: nobody can be told")

    @classmethod
    def of(cls, step: Step) -> "StepOut":
        """Return the HTTP form."""
        return cls.model_validate({name: getattr(step, name) for name in cls.model_fields})


class StepsOut(BaseModel):
    """The escalation schedule in the order of time."""

    items: list[StepOut]


class ContactOut(BaseModel):
    """Whom to ask; what is not known is empty."""

    name: str
    phone: str
    email: str


class IncidentOut(BaseModel):
    """An incident; texts nobody recorded are empty."""

    id: str = Field(examples=["INC-2026-1123-001"])
    severity: Severity
    status: Status
    title: str
    situation: str
    services: list[str]
    customers: str
    revenue: str
    contact: ContactOut
    widespread: bool
    customer_facing: bool
    business_critical: bool
    detected_at: datetime
    opened_at: datetime
    opened_by: str
    acknowledge_by: datetime = Field(description="The severity's response time ends")
    acknowledged_at: datetime | None
    acknowledged_by: str
    resolved_at: datetime | None
    next_update_at: datetime | None
    summary: str
    root_cause: str
    resolution: str
    prevention: str
    lessons: str
    alerts_firing: int = Field(description="Alerts of its group that fire now")

    @classmethod
    def of(cls, incident: Incident) -> "IncidentOut":
        """Return the HTTP form."""
        return cls.model_validate(_incident_fields(incident))


class EntryOut(BaseModel):
    """A line of a timeline."""

    at: datetime
    who: str
    kind: str
    text: str

    @classmethod
    def of(cls, entry: Entry) -> "EntryOut":
        """Return the HTTP form."""
        return cls(at=entry.at, who=entry.actor_name, kind=entry.kind, text=entry.text)


class ActionOut(BaseModel):
    """Something to do so that it does not happen again."""

    number: int
    text: str
    owner: str
    due: date | None
    done_at: datetime | None

    @classmethod
    def of(cls, action: Action) -> "ActionOut":
        """Return the HTTP form."""
        return cls.model_validate({name: getattr(action, name) for name in cls.model_fields})


class IncidentTold(IncidentOut):
    """An incident with its timeline and action items."""

    timeline: list[EntryOut] = Field(description="The last 200 entries, in the order of time")
    earlier_cursor: str | None = Field(
        description="Pass it as `cursor` for the entries before these; null: there are none"
    )
    actions: list[ActionOut]

    @classmethod
    def told(cls, told: Told) -> "IncidentTold":
        """Return the HTTP form."""
        return cls.model_validate(
            {
                **_incident_fields(told.incident),
                "timeline": [EntryOut.of(each) for each in told.entries],
                "earlier_cursor": None if told.earlier is None else encode_cursor([told.earlier]),
                "actions": [ActionOut.of(each) for each in told.actions],
            }
        )


class IncidentPage(BaseModel):
    """Incidents, newest first."""

    items: list[IncidentOut]
    next_cursor: str | None


def _incident_fields(incident: Incident) -> dict[str, Any]:
    names = (name for name in IncidentOut.model_fields if name not in {"contact", "alerts_firing"})
    contact = incident.contact
    return {
        **{name: getattr(incident, name) for name in names},
        "contact": ContactOut(name=contact.name, phone=contact.phone, email=contact.email),
        "alerts_firing": len(incident.alerts_firing),
    }
