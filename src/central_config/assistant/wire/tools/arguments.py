"""Arguments of the tools."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import override

from central_config.configurations.service.edits import Wish
from central_config.core.json import JSON
from central_config.core.web import Moment, Text

# Edits of one proposal: what a person can still look through.
MOST_EDITS = 50

Slug = Annotated[
    Text, Field(min_length=1, max_length=63, description="An environment", examples=["prod"])
]
Few = Annotated[int, Field(ge=1, le=50, description="Items in one answer")]
Many = Annotated[int, Field(ge=1, le=200, description="Items in one answer")]
Key = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=512,
        description="Configuration key: segments joined by `/`",
        examples=["app/db/host"],
    ),
]
Prefix = Annotated[
    Text, Field(max_length=512, description="Only keys that begin with this, e.g. `app/db/`")
]
At = Annotated[
    Text | None,
    Field(
        max_length=40,
        description="A past moment: a revision number, or a time such as 2026-11-23T12:00:00Z; "
        "absent: now",
    ),
]
Cursor = Annotated[
    Text | None,
    Field(max_length=1000, description="`next_cursor` of the answer before; absent: the beginning"),
]


class Arguments(BaseModel):
    """What every tool takes. A member it does not know is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")

    workspace: Annotated[
        Text | None,
        Field(
            min_length=1,
            max_length=63,
            description="Workspace; may be left out with an API key, which belongs to one",
        ),
    ] = None

    def told(self) -> dict[str, JSON]:
        """Return what the audit log keeps of the call: which things, never values or words."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


class SearchConfig(Arguments):
    """Arguments of search_config."""

    words: Annotated[
        Text,
        Field(
            min_length=1,
            max_length=200,
            description="Text that a key, its description or its value holds, in upper or lower "
            "case; one piece, no operators",
            examples=["timeout"],
        ),
    ]
    environment: Slug | None = None
    limit: Few = 20
    cursor: Cursor = None

    @override
    def told(self) -> dict[str, JSON]:
        """Leave out the words: somebody may look for a secret by its value."""
        return {name: value for name, value in super().told().items() if name != "words"}


class GetConfig(Arguments):
    """Arguments of get_config."""

    environment: Slug
    key: Key | None = None
    prefix: Prefix = ""
    at: At = None
    limit: Many = 100
    cursor: Cursor = None


class ListChanges(Arguments):
    """Arguments of list_changes."""

    status: Annotated[
        Literal["open", "draft", "in_review", "approved", "published", "rejected"] | None,
        Field(description="open: draft, in review or approved; absent: all"),
    ] = None
    author: Annotated[
        Text | None, Field(max_length=200, description="User name, or name of an API key")
    ] = None
    environment: Slug | None = None
    prefix: Prefix = ""
    since: Annotated[Moment | None, Field(description="Published at this time or later")] = None
    until: Annotated[Moment | None, Field(description="Published before this time")] = None
    limit: Few = 20
    cursor: Cursor = None

    @property
    def of_values(self) -> bool:
        """Whether published values are asked for rather than changes."""
        return bool(self.environment or self.prefix or self.since or self.until)

    @model_validator(mode="after")
    def published_where_of_values(self) -> "ListChanges":
        """Refuse to look for values in changes that were not published: they have none yet."""
        if self.of_values and self.status not in {None, "published"}:
            message = "environment, prefix, since and until ask for what was published"
            raise ValueError(message)
        return self


class CompareEnvironments(Arguments):
    """Arguments of compare_environments."""

    left: Slug
    right: Slug
    left_at: At = None
    right_at: At = None
    prefix: Prefix = ""
    limit: Many = 100
    cursor: Cursor = None


class ExplainKey(Arguments):
    """Arguments of explain_key."""

    environment: Slug
    key: Key


class ReviewChange(Arguments):
    """Arguments of review_change."""

    change: Annotated[UUID, Field(description="`id` of a change, as list_changes tells it")]


class WantedEdit(BaseModel):
    """One step of a proposal."""

    model_config = ConfigDict(extra="forbid")

    environment: Slug
    key: Key
    action: Annotated[
        Literal["set", "remove", "status"],
        Field(
            description="set: write `value`; remove: drop what this environment says, so that its "
            "parent's value shows again; status: only set `status`"
        ),
    ] = "set"
    value: Annotated[
        Any,
        Field(
            description="Any JSON value; `${key}` and `${env:slug/key}` inside texts are references"
        ),
    ] = None
    status: Literal["active", "deprecated", "archived"] | None = None

    @model_validator(mode="after")
    def value_where_set(self) -> "WantedEdit":
        """Refuse `set` without a value (null is one) and other actions with one."""
        given = "value" in self.model_fields_set
        if given != (self.action == "set"):
            message = "set needs a value (null is one); other actions take none"
            raise ValueError(message)
        return self

    def wish(self) -> Wish:
        """Return the edit as the service takes it."""
        return Wish(self.environment, self.key, self.action, self.value, self.status)


class ProposeChange(Arguments):
    """Arguments of propose_change."""

    message: Annotated[
        Text,
        Field(
            min_length=1,
            max_length=2000,
            description="What the change is for, for the person who reviews it",
        ),
    ]
    edits: Annotated[list[WantedEdit], Field(min_length=1, max_length=MOST_EDITS)]
    base_revision: Annotated[
        int | None,
        Field(
            ge=0,
            lt=10**18,
            description="The `revision` of the answer you worked from; the change conflicts where "
            "somebody changed a key after it. Absent: now",
        ),
    ] = None

    @override
    def told(self) -> dict[str, JSON]:
        """Name what would be edited, without values; the message stands with the draft."""
        edited: list[JSON] = [f"{each.environment}:{each.key}" for each in self.edits]
        rest = {name: value for name, value in super().told().items() if name != "message"}
        rest["edits"] = edited
        return rest
