"""HTTP models of changes, revisions and schema rules."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from central_config.configurations.model.cells import Site
from central_config.configurations.model.changes import Change, Edit
from central_config.configurations.model.schemas import SchemaRule, Violation
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.model.views import effective, touched
from central_config.configurations.service.edits import Wish
from central_config.configurations.wire.values import VALUE, Strict, Value, VersionOut
from central_config.core.json import decode, encode
from central_config.core.web import Text
from central_config.secrets.model import MASK
from central_config.workspaces.wire import RevisionOut


class EditIn(Strict):
    """One step of a change."""

    environment: str
    key: str
    action: Literal["set", "remove", "status"] = "set"
    value: Value = Field(default=None, description=VALUE)
    status: str | None = None
    secret: bool = False
    description: Text | None = Field(default=None, max_length=2000)

    @model_validator(mode="after")
    def value_where_set(self) -> "EditIn":
        """Refuse `set` without a value (null is one) and other actions with one."""
        given = "value" in self.model_fields_set
        if self.action == "set" and not given:
            message = "set needs a value (null is one)"
            raise ValueError(message)
        if self.action != "set" and given:
            message = f"{self.action} takes no value"
            raise ValueError(message)
        return self

    def wish(self) -> Wish:
        """Return the edit as the service takes it."""
        return Wish(
            self.environment,
            self.key,
            self.action,
            self.value,
            self.status,
            self.secret,
            self.description,
        )


class ChangeCreate(Strict):
    """A change, to be kept as a draft, put to review, or published at once."""

    message: Text = Field(default="", max_length=2000)
    edits: list[EditIn] = Field(min_length=1)
    base_revision: int | None = Field(
        default=None, ge=0, description="What you looked at; default: the present"
    )
    action: Literal["draft", "submit", "publish"] = "draft"


class ChangeUpdate(Strict):
    """A new message, or other edits in place of all."""

    message: Text | None = Field(default=None, max_length=2000)
    edits: list[EditIn] | None = Field(default=None, min_length=1)


class EditsAppend(Strict):
    """Further edits for a draft."""

    edits: list[EditIn] = Field(min_length=1, max_length=10_000)


class Comment(Strict):
    """What a reviewer says."""

    comment: Text = Field(default="", max_length=2000)
    edition: int | None = Field(
        default=None, ge=1, description="What was looked at; refused if it is another by now"
    )


class EditOut(BaseModel):
    """One step of a change, beside what is in force now; secrets are masked."""

    environment: str
    key: str
    action: str
    value: Value = None
    status: str | None
    secret: bool
    before: Value = Field(default=None, description="In force now, own or inherited, as written")
    conflict: bool = Field(default=False, description="It changed after the change's base")


class ChangeOut(BaseModel):
    """A change without its edits."""

    id: UUID
    status: str = Field(description="draft, in_review, approved, published or rejected")
    kind: str = Field(description="write, change, import or rollback")
    message: str
    author: str
    author_kind: str
    base_revision: int
    revision: int | None = Field(description="Once published")
    created_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None
    comment: str | None
    published_at: datetime | None
    published_by: str | None
    edit_count: int
    edition: int = Field(description="Grows with everything that happens to the change")

    @classmethod
    def of(cls, change: Change) -> "ChangeOut":
        """Return the HTTP form."""
        return cls(
            id=change.id,
            status=change.status,
            kind=change.kind,
            message=change.message,
            author=change.author_name,
            author_kind=change.author_kind,
            base_revision=change.base_revision,
            revision=change.revision,
            created_at=change.created_at,
            submitted_at=change.submitted_at,
            decided_at=change.decided_at,
            decided_by=change.decided_by,
            comment=change.comment,
            published_at=change.published_at,
            published_by=change.published_by,
            edit_count=change.edit_count,
            edition=change.edition,
        )


class ChangeDetail(ChangeOut):
    """A change with its edits (open or rejected) or the versions it made (published)."""

    edits: list[EditOut] = []
    versions: list[VersionOut] = []
    warnings: list[str] = []


class ChangePage(BaseModel):
    """Changes, newest first."""

    items: list[ChangeOut]
    next_cursor: str | None


def edit_out(edit: Edit, state: WorkspaceState, base_revision: int) -> EditOut | None:
    """Return an edit as it is shown; None when its environment is gone."""
    environment = state.topology.by_id.get(edit.environment_id)
    if environment is None:
        return None
    site = Site(edit.environment_id, edit.key)
    found = effective(state, site)
    secret = edit.secret or edit.key in state.secret_keys
    before = None if found is None else decode(found[1].body)
    return EditOut(
        environment=environment.slug,
        key=edit.key,
        action=edit.action,
        value=None if not edit.body else (MASK if secret else decode(edit.body)),
        status=edit.status,
        secret=secret,
        before=MASK if secret and before is not None else before,
        conflict=touched(state, site) > base_revision,
    )


class RollbackPreview(BaseModel):
    """What a rollback would change, by key."""

    revision: int = Field(description="The present revision it was worked out at")
    to: int = Field(description="The revision it goes back to")
    items: list[EditOut]


class RevisionPage(BaseModel):
    """The timeline, newest first."""

    items: list[RevisionOut]
    next_cursor: str | None


class RevisionDetail(RevisionOut):
    """A revision and what it set."""

    versions: list[VersionOut]


class RuleIn(Strict):
    """A schema rule."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._-]+$")
    pattern: str = Field(
        description="A key in which * stands within a segment and ** across", examples=["**/port"]
    )
    schema_: dict[str, Value] | bool = Field(
        alias="schema", description="JSON Schema 2020-12", examples=[{"type": "integer"}]
    )
    mode: Literal["warn", "enforce"] = "warn"

    def rule(self) -> SchemaRule:
        """Return the rule as the service takes it."""
        return SchemaRule(
            UUID(int=0), self.name, self.pattern, encode(self.schema_).decode(), self.mode
        )


class RuleUpdate(Strict):
    """What to change of a rule; absent members stay."""

    pattern: str | None = None
    schema_: dict[str, Value] | bool | None = Field(default=None, alias="schema")
    mode: Literal["warn", "enforce"] | None = None

    def values(self) -> dict[str, str]:
        """Return what is given, as the service takes it."""
        found: dict[str, str] = {}
        if self.pattern is not None:
            found["pattern"] = self.pattern
        if self.schema_ is not None:
            found["schema"] = encode(self.schema_).decode()
        if self.mode is not None:
            found["mode"] = self.mode
        return found


class RuleTrial(Strict):
    """A rule to try out."""

    pattern: str
    schema_: dict[str, Value] | bool = Field(alias="schema")


class ViolationOut(BaseModel):
    """How a live value breaks a rule; secrets are not quoted."""

    model_config = ConfigDict(from_attributes=True)

    environment: str
    key: str
    pointer: str
    detail: str

    @classmethod
    def of(cls, found: Violation) -> "ViolationOut":
        """Return the HTTP form."""
        return cls.model_validate(found)


class TrialOut(BaseModel):
    """Which live values a rule breaks; `count` counts all, `violations` names the first."""

    count: int
    violations: list[ViolationOut]


class RuleOut(BaseModel):
    """A schema rule."""

    name: str
    pattern: str
    schema_: Value = Field(serialization_alias="schema")
    mode: str

    @classmethod
    def of(cls, rule: SchemaRule) -> "RuleOut":
        """Return the HTTP form."""
        return cls(
            name=rule.name, pattern=rule.pattern, schema_=decode(rule.schema), mode=rule.mode
        )


class RuleSaved(BaseModel):
    """A rule that was saved, and the live values it breaks (mode warn)."""

    rule: RuleOut
    count: int
    violations: list[ViolationOut]


class RuleList(BaseModel):
    """The rules of a workspace, by name."""

    items: list[RuleOut]
    next_cursor: str | None = None
