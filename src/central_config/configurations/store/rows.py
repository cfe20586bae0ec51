"""What is written when a publication becomes a revision, as rows."""

from datetime import datetime
from uuid import UUID

import msgspec


class PublicationRow(msgspec.Struct, gc=False):
    """A revision with its change and its audit event; encoded as JSON, so bytes are base64.

    `stored`: the change is stored already.
    """

    change_id: str
    revision: int
    stored: bool
    kind: str
    message: str
    actor_kind: str
    actor_id: str | None
    actor_name: str
    request_id: str
    client_ip: str
    edit_count: int
    details: str
    previous: bytes
    hash: bytes


class VersionRow(msgspec.Struct, gc=False):
    """A new version of a configuration, and with it the new head; encoded as JSON."""

    environment_id: str
    key: str
    version: int
    revision: int
    change_id: str
    action: str
    status: str
    body: str | None
    sealed: bytes | None


class PublishedRow(msgspec.Struct, frozen=True):
    """What becomes of a stored change when it is published."""

    id: UUID
    revision: int
    published_at: datetime
    published_by: str
    edition: int


class KeyRow(msgspec.Struct, frozen=True):
    """What is newly said of a key; `description` None leaves the present one."""

    workspace_id: UUID
    key: str
    secret: bool
    description: str | None
    moment: datetime


class OpenVersion(msgspec.Struct, frozen=True):
    """A stored value that is not sealed although its key has become a secret."""

    configuration_id: int
    version: int
    environment_id: UUID
    key: str
    body: str
