"""The past, explanations, comparisons, search; rolling back and compacting."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from central_config.access.model import Caller
from central_config.configurations.model.cells import Site
from central_config.configurations.model.changes import Change
from central_config.configurations.model.differences import Difference, Side
from central_config.configurations.routes.values import Prefix
from central_config.configurations.service.compaction import Compaction
from central_config.configurations.service.history import History
from central_config.configurations.service.keys import Keys
from central_config.configurations.service.reading import At, Reading
from central_config.configurations.service.rollback import Goal, Rollback
from central_config.configurations.wire.changes import ChangeOut, RollbackPreview, edit_out
from central_config.configurations.wire.values import (
    CompactIn,
    CompactOut,
    DifferenceOut,
    DifferencesOut,
    ExplanationOut,
    HitOut,
    HitPage,
    KeyOut,
    KeyPatch,
    Reason,
    RevealOut,
    RollbackIn,
    SideOut,
    VersionOut,
    VersionPage,
    WriteOut,
)
from central_config.core.json import decode
from central_config.core.problems import invalid
from central_config.core.web import (
    Cursor,
    Limit,
    decode_cursor,
    encode_cursor,
    parse_at,
    provided,
    requires,
)
from central_config.secrets.model import MASK

router = APIRouter(tags=["history"])

Reader = Annotated[Caller, requires("config.read")]
Author = Annotated[Caller, requires("config.write")]
HistoryService = Annotated[History, provided(History)]
ReadingService = Annotated[Reading, provided(Reading)]

ENVIRONMENT = "/workspaces/{workspace}/environments/{environment}"


@router.get(ENVIRONMENT + "/history/{key:path}")
async def key_history(  # noqa: PLR0913 - the parameters of the question
    environment: str,
    key: str,
    caller: Reader,
    service: HistoryService,
    *,
    inherited: Annotated[bool, Query(description="Also the versions of its parents")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> VersionPage:
    """List the versions of a key, newest first; secrets are masked."""
    position = decode_cursor(cursor, int, UUID)
    found, state = await service.versions(
        caller,
        environment,
        key,
        inherited=inherited,
        before=None if position is None else (position[0], position[1]),
        limit=limit,
    )
    return VersionPage(
        items=[VersionOut.of(each, state.topology.slug(each.environment_id)) for each in found],
        next_cursor=encode_cursor([found[-1].revision, str(found[-1].environment_id)])
        if len(found) == limit
        else None,
    )


@router.get(ENVIRONMENT + "/explain/{key:path}")
async def explain_key(
    environment: str, key: str, caller: Reader, service: HistoryService
) -> ExplanationOut:
    """Say which environment supplies a value, what it overrides, and where references led."""
    return ExplanationOut.of(await service.explain(caller, environment, key))


@router.post(ENVIRONMENT + "/reveal/{key:path}")
async def reveal_key(
    environment: str, key: str, body: Reason, caller: Reader, service: HistoryService
) -> RevealOut:
    """Show a secret in clear; recorded in the audit log."""
    served = await service.reveal(caller, environment, key, body.reason)
    return RevealOut(
        key=key,
        environment=environment,
        value=decode(served.body),
        version=served.cell.version,
    )


@router.get(ENVIRONMENT + "/diff")
async def diff_environment(
    environment: str,
    caller: Reader,
    service: ReadingService,
    start: Annotated[str, Query(alias="from", description="A revision or a time")],
    end: Annotated[str | None, Query(alias="to", description="Default: now")] = None,
    prefix: Prefix = "",
) -> DifferencesOut:
    """Show what changed in an environment between two revisions or times; secrets are masked."""
    left, right = parse_at(start, "?from"), parse_at(end, "?to")
    return _differences(
        *await service.compare(caller, (environment, left), (environment, right), prefix)
    )


@router.get("/workspaces/{workspace}/compare")
async def compare_environments(
    caller: Reader,
    service: ReadingService,
    left: Annotated[str, Query(description="environment, or environment@revision-or-time")],
    right: Annotated[str, Query(description="environment, or environment@revision-or-time")],
    prefix: Prefix = "",
) -> DifferencesOut:
    """Show what two environments do not serve alike; secrets are masked."""
    sides = (_side(left, "?left"), _side(right, "?right"))
    return _differences(*await service.compare(caller, *sides, prefix))


def _side(text: str, pointer: str) -> tuple[str, At]:
    slug, at, moment = text.partition("@")
    if not slug or (at and not moment):
        raise invalid(pointer, "write environment or environment@revision")
    return slug, parse_at(moment or None, pointer)


def _differences(found: list[Difference], left: Side, right: Side) -> DifferencesOut:
    return DifferencesOut(
        left=SideOut(environment=left.environment.slug, revision=left.state.revision),
        right=SideOut(environment=right.environment.slug, revision=right.state.revision),
        items=[DifferenceOut.of(each) for each in found],
    )


@router.post(ENVIRONMENT + "/rollback", responses={202: {"model": ChangeOut}})
async def roll_back(
    environment: str,
    body: RollbackIn,
    caller: Author,
    service: Annotated[Rollback, provided(Rollback)],
    response: Response,
) -> WriteOut | ChangeOut:
    """Make the environment's own values what they were; a new revision, or a change in review."""
    result = await service.roll_back(caller, environment, _goal(body), body.message)
    if isinstance(result, Change):
        response.status_code = 202
        return ChangeOut.of(result)
    return WriteOut.of(result)


@router.post(ENVIRONMENT + "/rollback/preview")
async def preview_rollback(
    environment: str,
    body: RollbackIn,
    caller: Reader,
    service: Annotated[Rollback, provided(Rollback)],
) -> RollbackPreview:
    """Show what a rollback would change, without changing it; secrets are masked."""
    edits, state, to = await service.preview(caller, environment, _goal(body))
    shown = [edit_out(edit, state, state.revision) for edit in edits]
    return RollbackPreview(
        revision=state.revision, to=to, items=[each for each in shown if each is not None]
    )


def _goal(body: RollbackIn) -> Goal:
    to = parse_at(str(body.to), "/to")
    if to is None:
        raise invalid("/to", "say where to go back to")
    return Goal(to, body.keys, body.prefix)


@router.post("/workspaces/{workspace}/compact")
async def compact(
    body: CompactIn,
    caller: Annotated[Caller, requires("workspace.manage")],
    service: Annotated[Compaction, provided(Compaction)],
) -> CompactOut:
    """Forget history before a revision; what is in force stays."""
    before = parse_at(str(body.before), "/before")
    if before is None:
        raise invalid("/before", "say which revision stays the oldest")
    oldest, deleted = await service.compact(caller, before)
    return CompactOut(oldest_revision=oldest, versions_deleted=deleted)


@router.get("/workspaces/{workspace}/search")
async def search(
    caller: Reader,
    service: HistoryService,
    words: Annotated[str, Query(alias="q", min_length=1, max_length=200)],
    environment: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> HitPage:
    """Find configurations by what their key, description or value (never a secret) holds."""
    position = decode_cursor(cursor, str, UUID)
    after = ("", UUID(int=0)) if position is None else (position[0], position[1])
    hits, state = await service.search(caller, words, environment, after, limit)
    items: list[HitOut] = []
    for hit in hits:
        slug = state.topology.slug(hit.environment_id)
        served = state.served(Site(hit.environment_id, hit.key))
        if served is None or not caller.principal.reaches(slug, hit.key):
            continue
        value = MASK if served.secret else decode(served.body)
        items.append(
            HitOut(
                environment=slug, key=hit.key, where=hit.where, value=value, secret=served.secret
            )
        )
    last = [hits[-1].key, str(hits[-1].environment_id)] if len(hits) == limit else None
    return HitPage(items=items, next_cursor=None if last is None else encode_cursor([*last]))


@router.get("/workspaces/{workspace}/keys/{key:path}")
async def get_key(key: str, caller: Reader, service: HistoryService) -> KeyOut:
    """Show what is said of a key in all environments."""
    description, secret = await service.said(caller, key)
    return KeyOut(key=key, description=description, secret=secret)


@router.patch("/workspaces/{workspace}/keys/{key:path}", responses={202: {"model": ChangeOut}})
async def update_key(
    key: str,
    body: KeyPatch,
    caller: Author,
    service: HistoryService,
    keys: Annotated[Keys, provided(Keys)],
    response: Response,
) -> KeyOut | ChangeOut:
    """Describe a key, or make it a secret: its values, past ones too, are encrypted at once."""
    if body.description is not None:
        await keys.describe(caller, key, body.description)
    if body.secret:
        waiting = await keys.make_secret(caller, key)
        if waiting is not None:
            response.status_code = 202
            return ChangeOut.of(waiting)
    description, secret = await service.said(caller, key)
    return KeyOut(key=key, description=description, secret=secret)
