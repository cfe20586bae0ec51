"""What was done with backups, over HTTP. What is done with them, is done where they are."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from central_config.access.model import Caller
from central_config.backups.service.catalogue import Catalogue
from central_config.backups.wire import BackupRunOut, BackupRunPage
from central_config.core.web import (
    DEFAULT_LIMIT,
    Cursor,
    Limit,
    decode_cursor,
    encode_cursor,
    provided,
    requires,
)

router = APIRouter(tags=["backups"])

Operator = Annotated[Caller, requires("system.operate")]
CatalogueService = Annotated[Catalogue, provided(Catalogue)]


@router.get("/backups")
async def list_backups(
    _caller: Operator,
    service: CatalogueService,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> BackupRunPage:
    """List what was done with backups: made, drilled, restored, pruned; the last first.

    Which backups there are is asked of the repository: `central-config backup list`.
    """
    position = decode_cursor(cursor, UUID)
    found = await service.page(limit, None if position is None else position[0])
    return BackupRunPage(
        items=[BackupRunOut.of(each) for each in found],
        next_cursor=encode_cursor([str(found[-1].id)]) if len(found) == limit else None,
    )
