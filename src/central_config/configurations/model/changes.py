"""Changes: what somebody wants to be different, and how far it has come."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from central_config.audit.model import Actor

SET = "set"
REMOVE = "remove"
STATUS = "status"
ACTIONS = frozenset({SET, REMOVE, STATUS})

DRAFT = "draft"
IN_REVIEW = "in_review"
APPROVED = "approved"
PUBLISHED = "published"
REJECTED = "rejected"
OPEN = frozenset({DRAFT, IN_REVIEW, APPROVED})

# Edits one change may hold: an import of 100,000 keys fits, with room.
MAXIMUM_EDITS = 200_000
MAXIMUM_MESSAGE = 2000


class Edit(msgspec.Struct, frozen=True):
    """One step of a change.

    `set` carries `body` (encoded JSON, in clear while in memory) and may set `status`; `status`
    carries `status` alone; `remove` nothing. `secret` asks that the key be a secret from now on.
    """

    environment_id: UUID
    key: str
    action: str
    body: bytes = b""
    status: str | None = None
    secret: bool = False
    description: str | None = None


class Condition(msgspec.Struct, frozen=True):
    """What must hold for the touched keys when the change is published.

    `since` N: none of them changed after revision N. `absent`: none of them is served yet.
    `required`: a key that is served already needs `since` (the caller may not overwrite blindly).
    """

    since: int | None = None
    absent: bool = False
    required: bool = False


class Change(msgspec.Struct, frozen=True):
    """A change without its edits.

    `edition` grows with everything that happens to it before it is published: what was read of one
    edition does not hold for another. `responsible_id` is the person behind it: the author, or who
    created the API key that wrote it.
    """

    id: UUID
    workspace_id: UUID
    status: str
    kind: str
    message: str
    author_kind: str
    author_id: UUID | None
    author_name: str
    base_revision: int
    revision: int | None
    created_at: datetime
    submitted_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    comment: str | None = None
    published_at: datetime | None = None
    published_by: str | None = None
    edit_count: int = 0
    edition: int = 1
    responsible_id: UUID | None = None


class Publication(msgspec.Struct, frozen=True):
    """A change on its way into a revision: what the writer takes.

    `change_id` names the stored change that is published, None for a direct write. `approved`
    skips the approval rule: set only for a change that was approved. `edition` is the one of the
    stored change whose edits these are.
    """

    workspace_id: UUID
    actor: Actor
    message: str
    kind: str
    edits: tuple[Edit, ...]
    condition: Condition
    change_id: UUID | None = None
    approved: bool = False
    edition: int = 1


class Outcome(NamedTuple):
    """What became of a publication. `changed` False: everything was so already, no revision."""

    revision: int
    changed: bool
    change_id: UUID | None
    versions: tuple[int, ...]
    created: bool
    warnings: tuple[str, ...]
