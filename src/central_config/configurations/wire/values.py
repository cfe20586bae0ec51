"""HTTP models of values: writing them, listing them, explaining them, comparing them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, model_validator

from central_config.configurations.model.changes import Outcome
from central_config.configurations.model.differences import Difference
from central_config.configurations.service.history import Explanation, Layer
from central_config.configurations.service.reading import Listed
from central_config.configurations.store.history import Origin, Version
from central_config.core.json import decode
from central_config.core.web import Text
from central_config.secrets.model import MASK

# Any JSON value; the border to untyped input.
Value = Any

VALUE = "any JSON value; `${key}` and `${env:slug/key}` inside strings are references"


class Strict(BaseModel):
    """A request body: a member it does not know is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


class ValuePut(Strict):
    """A value to write."""

    value: Value = Field(description=VALUE, examples=["db.internal", 5432, {"retries": 3}])
    secret: bool = Field(default=False, description="Make the key a secret, for good")
    description: Text | None = Field(default=None, max_length=2000, description="Of the key")
    status: str | None = Field(default=None, description="active, deprecated or archived")
    message: Text = Field(default="", description="Why")


class ValuePatch(Strict):
    """A new status for a configuration, its value kept."""

    status: str = Field(description="active, deprecated or archived")
    message: Text = ""


class ValueOut(BaseModel):
    """A value as an environment serves it."""

    key: str
    environment: str
    value: Value
    revision: int = Field(description="The revision that last changed it")
    version: int
    status: str
    origin: str = Field(description="The environment that supplies it")
    secret: bool
    masked: bool


class EnvironmentValues(BaseModel):
    """What an environment serves."""

    workspace: str
    environment: str
    revision: int
    values: dict[str, Value]
    deprecated: list[str] = Field(description="Keys that will go away")
    masked: list[str] = Field(description="Secrets whose values the caller may not see")


class WriteOut(BaseModel):
    """What became of a write."""

    revision: int
    changed: bool = Field(description="false: it was so already, and no revision was made")
    change: UUID | None
    warnings: list[str] = Field(description="Schema rules of mode warn that are broken now")

    @classmethod
    def of(cls, outcome: Outcome) -> "WriteOut":
        """Return the HTTP form."""
        return cls(
            revision=outcome.revision,
            changed=outcome.changed,
            change=outcome.change_id,
            warnings=list(outcome.warnings),
        )


class KeyWriteOut(WriteOut):
    """What became of a write of one key."""

    key: str
    version: int


class KeyPatch(Strict):
    """What is said of a key in all environments."""

    description: Text | None = Field(default=None, max_length=2000)
    secret: bool | None = Field(default=None, description="true makes it a secret, for good")

    @model_validator(mode="after")
    def not_taken_back(self) -> "KeyPatch":
        """Refuse to make a secret public: its history would be."""
        if self.secret is False:
            message = "a secret stays a secret; write the value to another key"
            raise ValueError(message)
        return self


class KeyOut(BaseModel):
    """What is said of a key."""

    key: str
    description: str
    secret: bool


class ListedOut(BaseModel):
    """A configuration in a list; secrets are masked."""

    key: str
    value: Value = None
    status: str
    version: int | None = None
    revision: int | None = None
    origin: str
    secret: bool = False
    updated_at: datetime | None = None
    updated_by: str | None = None
    description: str = ""

    @classmethod
    def of(cls, listed: Listed, origins: dict[int, Origin], said: dict[str, str]) -> "ListedOut":
        """Return the HTTP form."""
        out = cls(
            key=listed.key,
            status=listed.status,
            origin=listed.origin,
            description=said.get(listed.key, ""),
        )
        if listed.served is not None:
            cell = listed.served.cell
            out.value = MASK if listed.served.secret else decode(listed.served.body)
            out.version, out.revision, out.secret = (
                cell.version,
                cell.revision,
                listed.served.secret,
            )
            origin = origins.get(cell.revision)
            if origin is not None:
                out.updated_at, out.updated_by = origin.published_at, origin.author
        return out


class ListedPage(BaseModel):
    """Configurations by key."""

    items: list[ListedOut]
    next_cursor: str | None
    revision: int


class VersionOut(BaseModel):
    """One value a configuration had; secrets are masked."""

    environment: str
    key: str
    version: int
    revision: int
    action: str
    status: str
    value: Value = None
    secret: bool
    change: UUID | None
    published_at: datetime
    author: str
    message: str

    @classmethod
    def of(cls, version: Version, environment: str) -> "VersionOut":
        """Return the HTTP form."""
        value = None
        if version.body:
            value = MASK if version.secret else decode(version.body)
        return cls(
            environment=environment,
            key=version.key,
            version=version.version,
            revision=version.revision,
            action=version.action,
            status=version.status,
            value=value,
            secret=version.secret,
            change=version.change_id,
            published_at=version.published_at,
            author=version.author,
            message=version.message,
        )


class VersionPage(BaseModel):
    """Versions, newest first."""

    items: list[VersionOut]
    next_cursor: str | None


class LayerOut(BaseModel):
    """What one environment says of a key."""

    environment: str
    value: Value = Field(default=None, description="As written, references unresolved")
    status: str
    version: int
    revision: int
    supplies: bool = Field(description="Whether this is the one that counts")
    published_at: datetime | None
    author: str | None
    message: str | None

    @classmethod
    def of(cls, layer: Layer) -> "LayerOut":
        """Return the HTTP form; one outside the caller's scope has no value and no author."""
        cell, origin = layer.cell, layer.origin
        value = None
        if cell.body and not layer.hidden:
            value = MASK if cell.secret else decode(cell.body)
        return cls(
            environment=layer.environment,
            value=value,
            status=cell.status,
            version=cell.version,
            revision=cell.revision,
            supplies=layer.supplies,
            published_at=None if origin is None else origin.published_at,
            author=None if origin is None else origin.author,
            message=None if origin is None else origin.message,
        )


class FollowedOut(BaseModel):
    """A reference and where it led."""

    reference: str
    environment: str
    key: str
    value: Value
    origin: str
    secret: bool


class ExplanationOut(BaseModel):
    """Why an environment serves what it serves for a key."""

    key: str
    environment: str
    description: str
    served: bool
    value: Value = None
    secret: bool = False
    origin: str | None = None
    layers: list[LayerOut] = Field(description="From the environment itself upwards")
    references: list[FollowedOut]

    @classmethod
    def of(cls, found: Explanation) -> "ExplanationOut":
        """Return the HTTP form; secrets are masked even for those who may reveal them.

        Revealing is a route of its own, with an audit event.
        """
        slug = found.state.topology.slug
        out = cls(
            key=found.key,
            environment=found.environment.slug,
            description=found.description,
            served=found.served is not None,
            layers=[LayerOut.of(layer) for layer in found.layers],
            references=[
                FollowedOut(
                    reference=each.written,
                    environment=each.environment,
                    key=each.key,
                    value=MASK if each.served.secret else decode(each.served.body),
                    origin=slug(each.served.origin),
                    secret=each.served.secret,
                )
                for each in found.references
            ],
        )
        if found.served is not None:
            out.value = MASK if found.served.secret else decode(found.served.body)
            out.secret = found.served.secret
            out.origin = slug(found.served.origin)
        return out


class DifferenceOut(BaseModel):
    """A key that two snapshots do not serve alike; secrets are masked."""

    key: str
    kind: str = Field(description="added, removed or changed, from left to right")
    before: Value = None
    after: Value = None
    secret: bool

    @classmethod
    def of(cls, found: Difference) -> "DifferenceOut":
        """Return the HTTP form."""
        sides = [
            None if side is None else (MASK if found.secret else decode(side.body))
            for side in (found.before, found.after)
        ]
        return cls(
            key=found.key, kind=found.kind, before=sides[0], after=sides[1], secret=found.secret
        )


class SideOut(BaseModel):
    """One side of a comparison."""

    environment: str
    revision: int


class DifferencesOut(BaseModel):
    """What differs, by key."""

    left: SideOut
    right: SideOut
    items: list[DifferenceOut]


class HitOut(BaseModel):
    """A configuration a search found; `where` is key, description or value."""

    environment: str
    key: str
    where: str
    value: Value = None
    secret: bool


class HitPage(BaseModel):
    """What a search found, by key."""

    items: list[HitOut]
    next_cursor: str | None


class Reason(Strict):
    """Why a secret is looked at; kept in the audit log."""

    reason: Text = Field(default="", max_length=500)


class RevealOut(BaseModel):
    """A value in clear."""

    key: str
    environment: str
    value: Value
    version: int


class RollbackIn(Strict):
    """Where to go back to, and what of."""

    to: StrictInt | StrictStr = Field(description="A revision, or a time with its zone")
    keys: list[str] = Field(default_factory=list, description="Only these; empty: all")
    prefix: str = ""
    message: Text = ""


class CompactIn(Strict):
    """The oldest revision, or the time of it, that stays readable."""

    before: StrictInt | StrictStr = Field(description="A revision, or a time with its zone")


class CompactOut(BaseModel):
    """What compaction did."""

    oldest_revision: int
    versions_deleted: int
