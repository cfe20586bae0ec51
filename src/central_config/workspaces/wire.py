"""HTTP models of workspaces and environments."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from central_config.core.web import Text
from central_config.workspaces.model import Environment, RevisionRow, Topology, Workspace


class Strict(BaseModel):
    """A request body: a member it does not know is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


class WorkspaceCreate(Strict):
    """A workspace to create."""

    slug: str = Field(description="Name in addresses: a-z, 0-9, hyphens", examples=["shop"])
    name: Text = Field(default="", max_length=200, description="Name for people")
    description: Text = Field(default="", max_length=2000)


class WorkspaceUpdate(Strict):
    """What to change of a workspace; absent members stay."""

    name: Text | None = Field(default=None, min_length=1, max_length=200)
    description: Text | None = Field(default=None, max_length=2000)


class WorkspaceOut(BaseModel):
    """A workspace."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    slug: str
    name: str
    description: str
    revision: int = Field(description="The last published revision")
    oldest_revision: int = Field(description="The oldest revision history still holds")
    created_at: datetime

    @classmethod
    def of(cls, workspace: Workspace) -> "WorkspaceOut":
        """Return the HTTP form."""
        return cls.model_validate(workspace)


class WorkspacePage(BaseModel):
    """Workspaces by slug."""

    items: list[WorkspaceOut]
    next_cursor: str | None


class EnvironmentCreate(Strict):
    """An environment to create."""

    slug: str = Field(examples=["prod"])
    parent: str | None = Field(
        default=None, description="Where keys come from that this one lacks", examples=["base"]
    )
    requires_approval: bool = Field(
        default=False, description="Changes that reach it need another person's approval"
    )
    description: Text = Field(default="", max_length=2000)


class EnvironmentUpdate(Strict):
    """What to change of an environment; absent members stay, `parent: null` makes it a root."""

    parent: str | None = None
    requires_approval: bool | None = None
    description: Text | None = Field(default=None, max_length=2000)


class EnvironmentOut(BaseModel):
    """An environment."""

    id: UUID
    slug: str
    parent: str | None
    requires_approval: bool
    description: str

    @classmethod
    def of(cls, environment: Environment, topology: Topology) -> "EnvironmentOut":
        """Return the HTTP form."""
        parent = environment.parent_id
        return cls(
            id=environment.id,
            slug=environment.slug,
            parent=None if parent is None else topology.slug(parent),
            requires_approval=environment.requires_approval,
            description=environment.description,
        )


class EnvironmentList(BaseModel):
    """All environments of a workspace, by slug."""

    items: list[EnvironmentOut]
    next_cursor: str | None = None


class RevisionOut(BaseModel):
    """One step of a workspace's timeline."""

    revision: int
    kind: str = Field(description="change, environments, schemas, keys or restored")
    published_at: datetime
    author: str
    message: str
    change_id: UUID | None

    @classmethod
    def of(cls, row: RevisionRow) -> "RevisionOut":
        """Return the HTTP form."""
        return cls(
            revision=row.revision,
            kind=row.kind,
            published_at=row.published_at,
            author=row.actor_name,
            message=row.message,
            change_id=row.change_id,
        )
