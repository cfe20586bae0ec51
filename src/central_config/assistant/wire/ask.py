"""HTTP models of questions, plans and answers."""

from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from central_config.assistant.model.plans import MOST, Action, Intent, Kind, Plan, Reason, Status
from central_config.assistant.model.questions.text import LONGEST
from central_config.assistant.service.asking import Answer
from central_config.core.web import Text

_Text = Annotated[Text, Field(min_length=1, max_length=512)]
_Texts = Annotated[list[_Text], Field(max_length=20)]


class _Strict(BaseModel):
    """A request body: a member it does not know is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


class Question(_Strict):
    """A question in plain words."""

    question: Text = Field(
        max_length=LONGEST, examples=["who changed db/pool/size in prod since monday?"]
    )
    environment: Text | None = Field(
        default=None, max_length=63, description="Where you are looking, if the question names none"
    )


class PlanBody(_Strict):
    """What a question asks for, as data. A plan can only read."""

    intent: Intent
    environments: _Texts = Field(
        default=[], description="compare: left and right; explain: one; else none means all"
    )
    key: _Text | None = Field(default=None, description="This very key; explain needs it")
    prefix: _Text | None = Field(default=None, description="Keys that begin so")
    words: _Texts = Field(default=[], description="Keys that hold each of these, in whatever case")
    value: _Text | None = Field(
        default=None, description="find: a value, a string without its quotes; never a secret's"
    )
    value_is: Literal["equals", "contains"] = Field(
        default="equals", description="`contains` in whatever case"
    )
    status: Status | None = Field(default=None, description="find, stale")
    secret: bool | None = Field(default=None, description="Only secrets, or only what is none")
    own: bool | None = Field(
        default=None, description="find, stale: set in the environment itself, or inherited"
    )
    author: _Text | None = Field(default=None, description="Who changed it; find: last")
    action: Action | None = Field(default=None, description="changes: values set, or removals")
    since: _Text | None = Field(default=None, description="RFC 3339; find: last changed since")
    until: _Text | None = Field(default=None, description="RFC 3339; that moment is not part of it")
    kinds: list[Kind] = Field(
        default=[], max_length=3, description="compare: added is on the right only; none: all"
    )
    idle: Literal["read", "changed"] = Field(default="read", description="stale: not read, or ...")
    days: int = Field(default=30, ge=1, le=3650, description="stale: ... not changed for so long")
    newest: bool | None = Field(
        default=None, description="The newest first, or the oldest; null: by environment and key"
    )
    limit: int | None = Field(default=None, ge=1, le=MOST, description="Rows; null: 100")
    count: bool = Field(default=False, description="Only how many there are")
    reason: Reason | None = Field(default=None, description="unsupported: why")

    def plan(self) -> Plan:
        """Return the plan."""
        return msgspec.convert(self.model_dump(), Plan)

    @classmethod
    def of(cls, plan: Plan) -> "PlanBody":
        """Return the HTTP form."""
        return cls.model_validate(msgspec.to_builtins(plan))


class PlanIn(_Strict):
    """A plan to run."""

    plan: PlanBody


class AnswerOut(BaseModel):
    """What was understood, and what was found; secrets are masked."""

    question: str = Field(description="As asked; empty for a plan that was handed in")
    engine: Literal["parser", "llm", "none", "edited"] = Field(
        description="Who wrote the plan: rules, the model, nobody (not understood), or you"
    )
    degraded: bool = Field(description="The model was needed and could not be asked")
    reason: str | None = Field(description="Why it could not be asked")
    plan: PlanBody = Field(description="Edit it and run it again with POST .../ask/plan")
    words: str = Field(description="The plan in one sentence")
    notes: list[str] = Field(description="What was changed in the plan, what rows do not say")
    columns: list[str]
    rows: list[list[Any]] = Field(description="By columns; an explanation has one for each step")
    total: int = Field(description="How many things were found")
    truncated: bool = Field(description="More were found than are shown")
    revision: int = Field(description="Of the workspace; 0 where nothing was looked at")

    @classmethod
    def of(cls, answer: Answer) -> "AnswerOut":
        """Return the HTTP form."""
        planned, rows = answer.planned, answer.rows
        return cls(
            question=answer.question,
            engine=planned.author,
            degraded=planned.away is not None,
            reason=planned.away,
            plan=PlanBody.of(planned.plan),
            words=answer.words,
            notes=list(rows.notes),
            columns=list(rows.columns),
            rows=[list(row) for row in rows.rows],
            total=rows.total,
            truncated=rows.truncated and not planned.plan.count,
            revision=rows.revision,
        )
