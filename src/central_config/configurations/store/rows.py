"""What is written when a publication becomes a revision, as rows."""

from datetime import datetime
from uuid import UUID

import msgspec


class VersionRow(msgspec.Struct, frozen=True):
    """A new version of a configuration, and with it the new head."""

    workspace_id: UUID
    environment_id: UUID
    key: str
    version: int
    revision: int
    change_id: UUID | None
    action: str
    status: str
    body: str | None
    sealed: bytes | None
    moment: datetime


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
