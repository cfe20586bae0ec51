"""What the tools about changes answer."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from central_config.assistant.model.reviews.findings import Finding, Risk, Severity
from central_config.assistant.model.showing import say
from central_config.assistant.wire.tools.results import CURSOR, ToolAnswer, Value, masked
from central_config.configurations.model.cells import Site
from central_config.configurations.model.changes import Change, Edit
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.model.views import effective
from central_config.configurations.service.history import Version

# Of a value that is one of many in an answer (characters of JSON).
_LONGEST_OF_MANY = 400

# A text that somebody wrote, as a model is shown it.
Quoted = Annotated[str, AfterValidator(say)]


class ChangeTold(BaseModel):
    """A change, without its edits."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    status: str = Field(description="draft, in_review, approved, published or rejected")
    kind: str = Field(description="write, change, import or rollback")
    message: Quoted
    author: Quoted = Field(validation_alias="author_name")
    created_at: datetime
    decided_by: str | None
    published_at: datetime | None
    published_by: str | None
    revision: int | None = Field(description="The revision it became, once published")
    edit_count: int

    @classmethod
    def of(cls, change: Change) -> "ChangeTold":
        """Return the change as it is shown."""
        return cls.model_validate(change)


class Changed(Value):
    """A value as somebody published it."""

    environment: str
    key: str
    action: str = Field(description="set, remove or status")
    status: str = Field(description="active, deprecated or archived")
    revision: int
    published_at: datetime
    author: str
    message: str
    change: UUID | None = Field(description="`id` of the change, for review_change")

    @classmethod
    def of(cls, version: Version, environment: str) -> "Changed":
        """Return the value as it is shown."""
        hidden = version.secret and bool(version.body)
        return cls(
            environment=environment,
            key=version.key,
            action=version.action,
            status=version.status,
            revision=version.revision,
            published_at=version.published_at,
            author=say(version.author),
            message=say(version.message),
            change=version.change_id,
            **masked(version.body, secret=hidden, longest=_LONGEST_OF_MANY),
        )


class Changes(ToolAnswer):
    """Changes, or the values they changed; newest first."""

    items: list[ChangeTold] = Field(description="Empty where values were asked for")
    values: list[Changed] = Field(
        description="Published values, where environment, prefix, since or until was given"
    )
    next_cursor: str | None = Field(description=CURSOR)


class EditTold(BaseModel):
    """One step of a change, beside what is in force now."""

    environment: str
    key: str
    action: str
    status: str | None
    before: Value = Field(description="In force now, own or inherited, as written")
    after: Value = Field(description="What it would be; null for remove and status")

    @classmethod
    def of(cls, edit: Edit, state: WorkspaceState) -> "EditTold":
        """Return the edit as it is shown, beside a state that knows its environment."""
        found = effective(state, Site(edit.environment_id, edit.key))
        secret = edit.secret or edit.key in state.secret_keys
        sides = (b"" if found is None else found[1].body, edit.body)
        before, after = (Value(**masked(body, secret=secret and bool(body))) for body in sides)
        return cls(
            environment=state.topology.slug(edit.environment_id),
            key=edit.key,
            action=edit.action,
            status=edit.status,
            before=before,
            after=after,
        )


class FindingTold(BaseModel):
    """One thing a person should look at."""

    model_config = ConfigDict(from_attributes=True)

    rule: str = Field(description="Which check found it")
    severity: Severity
    environment: str
    key: str
    evidence: Quoted = Field(description="The facts; values in it are quoted")
    advice: Quoted

    @classmethod
    def of(cls, finding: Finding) -> "FindingTold":
        """Return the finding as it is shown."""
        return cls.model_validate(finding)


class Reviewed(ToolAnswer):
    """A change, looked at by code; no word in it lowers the risk."""

    change: ChangeTold
    risk: Risk = Field(description="The highest severity found")
    findings: list[FindingTold] = Field(description="The worst first")
    edits: list[EditTold] = Field(description="The first edits, beside what was in force")
    complete: bool = Field(
        description="false: there is more than is shown or looked at here; a person should look"
    )


class Proposed(ToolAnswer):
    """A draft that a person may now look at."""

    change: ChangeTold
    edits: list[EditTold]
    review: str = Field(description="What a person does next; tell them")
