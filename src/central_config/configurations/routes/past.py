"""Who changed what when, over all keys and environments of a workspace."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from central_config.access.model import Caller
from central_config.configurations.model.past import Position, Wanted
from central_config.configurations.service.history import History
from central_config.configurations.wire.values import VersionOut, VersionPage
from central_config.core.web import (
    Cursor,
    Limit,
    Moment,
    Text,
    decode_cursor,
    encode_cursor,
    provided,
    requires,
)

router = APIRouter(tags=["history"])

# Environments and words in one question.
_MOST = 20


class _Where:
    """Which configurations."""

    def __init__(
        self,
        environment: Annotated[
            list[Text] | None, Query(max_length=_MOST, description="One or several; none: all")
        ] = None,
        key: Annotated[Text | None, Query(description="This very key")] = None,
        prefix: Annotated[Text, Query(description="Keys that begin so")] = "",
        word: Annotated[
            list[Text] | None, Query(max_length=_MOST, description="Keys that hold each of these")
        ] = None,
        *,
        secret: Annotated[bool | None, Query(description="Only secrets, or none of them")] = None,
    ) -> None:
        self.environments = tuple(dict.fromkeys(environment or ()))
        self.key = key
        self.prefix = prefix
        self.words = tuple(word or ())
        self.secret = secret


class _Who:
    """By whom, what and when."""

    def __init__(
        self,
        author: Annotated[Text | None, Query(description="Name of a user or key")] = None,
        action: Annotated[Literal["set", "remove", "status"] | None, Query()] = None,
        since: Annotated[Moment | None, Query(description="From this time on")] = None,
        until: Annotated[Moment | None, Query(description="Before this time")] = None,
        *,
        oldest_first: Annotated[bool, Query(description="In the order they happened")] = False,
    ) -> None:
        self.author = author
        self.action = action
        self.since = since
        self.until = until
        self.newest = not oldest_first


@router.get("/workspaces/{workspace}/history")
async def workspace_history(
    caller: Annotated[Caller, requires("config.read")],
    service: Annotated[History, provided(History)],
    where: Annotated[_Where, Depends()],
    who: Annotated[_Who, Depends()],
    cursor: Cursor = None,
    limit: Limit = 100,
) -> VersionPage:
    """List changes of values in all environments, newest first; secrets are masked."""
    position = decode_cursor(cursor, int, str, UUID)
    after = None if position is None else Position(*position)
    wanted = Wanted(**vars(where), **vars(who))
    found, state = await service.changes(caller, wanted, after, limit)
    last = found[-1] if len(found) == limit else None
    return VersionPage(
        items=[VersionOut.of(each, state.topology.slug(each.environment_id)) for each in found],
        next_cursor=None
        if last is None
        else encode_cursor([last.revision, last.key, str(last.environment_id)]),
    )
