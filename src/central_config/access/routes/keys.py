"""API keys."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from central_config.access.model import SIGNED_IN, Caller
from central_config.access.routes.shared import Access, slugs_of
from central_config.access.wire import KeyAnswer, KeyBody, KeysAnswer, NewKeyAnswer
from central_config.access.wire.rotation import (
    RotateBody,
    RotatedAnswer,
    RotationAnswer,
    RotationsAnswer,
)
from central_config.core.web import (
    DEFAULT_LIMIT,
    Cursor,
    Limit,
    decode_cursor,
    encode_cursor,
    requires,
)

router = APIRouter(tags=["API keys"])

# The permission is key.manage in the key's workspace, which no path names: the service checks it.
Manager = Annotated[Caller, requires(SIGNED_IN)]
Workspace = Annotated[str | None, Query(description="Slug; absent: all you manage")]


@router.get("/keys", summary="List API keys")
async def list_keys(
    caller: Manager,
    access: Access,
    workspace: Workspace = None,
    older_than: Annotated[
        int | None, Query(ge=0, le=10**9, description="Only keys created so many seconds ago")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> KeysAnswer:
    """Return keys of the workspaces where you manage keys, newest first, revoked ones too."""
    age = None if older_than is None else timedelta(seconds=older_than)
    keys = await access.keys.page(caller, workspace, _after(cursor), limit, older_than=age)
    slugs = await slugs_of(access, [key.scope.workspace_id for key in keys])
    return KeysAnswer(
        items=[KeyAnswer.of(key, slugs) for key in keys],
        next_cursor=encode_cursor([str(keys[-1].id)]) if len(keys) == limit else None,
    )


@router.post("/keys", status_code=201, summary="Create an API key")
async def create_key(
    body: KeyBody, response: Response, caller: Manager, access: Access
) -> NewKeyAnswer:
    """Create a key that allows no more than you may; its token is shown this once."""
    key, token = await access.keys.create(caller, body.new())
    response.headers["Cache-Control"] = "no-store"
    return NewKeyAnswer.made(key, token, await slugs_of(access, [key.scope.workspace_id]))


@router.get("/keys/rotations", summary="List keys that are being replaced")
async def list_rotations(
    caller: Manager, access: Access, workspace: Workspace = None
) -> RotationsAnswer:
    """Return keys that have a successor and are not revoked yet, oldest rotation first."""
    found = await access.rotation.open_ones(caller, workspace)
    slugs = await slugs_of(access, [each.old.scope.workspace_id for each in found])
    return RotationsAnswer(items=[RotationAnswer.of(each, slugs) for each in found])


@router.post("/keys/{key_id}/rotate", status_code=201, summary="Replace an API key")
async def rotate_key(
    key_id: UUID, body: RotateBody, response: Response, caller: Manager, access: Access
) -> RotatedAnswer:
    """Create a key with the same scope, whose token is shown this once; both work for a while."""
    rotation, token = await access.rotation.rotate(caller, key_id, body.overlap)
    response.headers["Cache-Control"] = "no-store"
    slugs = await slugs_of(access, [rotation.new.scope.workspace_id])
    return RotatedAnswer.replacing(rotation, token, slugs)


@router.get("/keys/{key_id}", summary="Read an API key")
async def read_key(key_id: UUID, caller: Manager, access: Access) -> KeyAnswer:
    """Return one key, without its token."""
    key = await access.keys.get(caller, key_id)
    return KeyAnswer.of(key, await slugs_of(access, [key.scope.workspace_id]))


@router.delete("/keys/{key_id}", status_code=204, summary="Revoke an API key")
async def revoke_key(key_id: UUID, caller: Manager, access: Access) -> None:
    """Revoke a key for ever; it stops working everywhere within five seconds."""
    await access.keys.revoke(caller, key_id)


def _after(cursor: str | None) -> UUID | None:
    position = decode_cursor(cursor, UUID)
    return None if position is None else position[0]
