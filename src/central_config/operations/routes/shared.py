"""What the routes of this feature have in common."""

from typing import Annotated
from uuid import UUID

from central_config.access.model import Caller
from central_config.core.web import decode_cursor, requires

Operator = Annotated[Caller, requires("system.operate")]


def position(cursor: str | None) -> UUID | None:
    """Return where a list goes on."""
    found = decode_cursor(cursor, UUID)
    return None if found is None else found[0]
