"""What the routes of this feature share."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from central_config.access.model import Account
from central_config.access.service import AccessService
from central_config.access.wire import Slugs
from central_config.core.web import decode_cursor, encode_cursor, provided

Access = Annotated[AccessService, provided(AccessService)]


async def slugs_of(access: AccessService, ids: Iterable[UUID | None]) -> Slugs:
    """Look the workspaces up once; return what gives their names."""
    known = {each: await access.keys.workspace_slug(each) for each in set(ids) if each is not None}
    return known.__getitem__


async def account_slugs(access: AccessService, accounts: Iterable[Account]) -> Slugs:
    """Return the names of the workspaces that the users' roles are in."""
    return await slugs_of(
        access, [grant.workspace_id for account in accounts for grant in account.roles]
    )


def name_after(cursor: str | None) -> str:
    """Return the name a cursor continues after; "" for the beginning.

    Raises:
        Problem: `malformed-cursor`.
    """
    position = decode_cursor(cursor, str)
    return "" if position is None else position[0]


def next_name(names: list[str], limit: int) -> str | None:
    """Return the cursor after a page of names; None when it was the last."""
    return encode_cursor([names[-1]]) if names and len(names) == limit else None
