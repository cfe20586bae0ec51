"""Changes: drafting, reviewing, publishing; and the timeline they become."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from central_config.access.model import Caller
from central_config.configurations.model.changes import PUBLISHED, Change, Condition, Outcome
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service.changing import Changing
from central_config.configurations.service.history import History
from central_config.configurations.service.proposals import Proposals
from central_config.configurations.service.publishing import Publishing
from central_config.configurations.wire.changes import (
    ChangeCreate,
    ChangeDetail,
    ChangeOut,
    ChangePage,
    ChangeUpdate,
    Comment,
    EditsAppend,
    RevisionDetail,
    RevisionPage,
    edit_out,
)
from central_config.configurations.wire.values import VersionOut, WriteOut
from central_config.core.web import (
    LONGEST_REVISION,
    Cursor,
    Limit,
    decode_cursor,
    encode_cursor,
    provided,
    requires,
)
from central_config.workspaces.wire import RevisionOut

router = APIRouter(tags=["changes"])

Reader = Annotated[Caller, requires("config.read")]
Author = Annotated[Caller, requires("config.write")]
ProposalService = Annotated[Proposals, provided(Proposals)]
PublishingService = Annotated[Publishing, provided(Publishing)]
ChangingService = Annotated[Changing, provided(Changing)]
HistoryService = Annotated[History, provided(History)]

# A larger change is walked with `skip`, or looked at as a difference.
EDITS_SHOWN = 1000


@router.post("/workspaces/{workspace}/changes", status_code=201)
async def create_change(
    body: ChangeCreate,
    caller: Author,
    service: ChangingService,
    publishing: PublishingService,
    response: Response,
) -> WriteOut | ChangeOut:
    """Write many keys of many environments at once: as a draft, in review, or published.

    Published: all or nothing, one revision; 202 where an approval is needed first.
    """
    wishes = [edit.wish() for edit in body.edits]
    if body.action == "publish":
        condition = Condition(since=body.base_revision, required=True)
        result = await publishing.write(
            caller, wishes, message=body.message, condition=condition, kind="change"
        )
        if isinstance(result, Outcome):
            return WriteOut.of(result)
        response.status_code = 202
        change = result
    else:
        change = await service.draft(
            caller, wishes, body.message, body.base_revision, submit=body.action == "submit"
        )
    response.headers["Location"] = f"/api/v1/workspaces/{caller.place.slug}/changes/{change.id}"
    return ChangeOut.of(change)


@router.get("/workspaces/{workspace}/changes")
async def list_changes(
    caller: Reader,
    service: ProposalService,
    status: Annotated[
        # In the order of the command line: equal Literals share one object, whoever comes first.
        Literal["open", "draft", "in_review", "approved", "published", "rejected"] | None,
        Query(description="open: draft, in review or approved"),
    ] = None,
    author: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> ChangePage:
    """List changes, newest first."""
    position = decode_cursor(cursor, UUID)
    conditions = {"status": status, "author_name": author}
    found = await service.page(
        caller,
        {name: value for name, value in conditions.items() if value is not None},
        None if position is None else position[0],
        limit,
    )
    return ChangePage(
        items=[ChangeOut.of(each) for each in found],
        next_cursor=encode_cursor([str(found[-1].id)]) if len(found) == limit else None,
    )


@router.get("/workspaces/{workspace}/changes/{change}")
async def get_change(
    change: UUID,
    caller: Reader,
    service: ChangingService,
    history: HistoryService,
    skip: Annotated[int, Query(ge=0, description="Edits to leave out at the beginning")] = 0,
) -> ChangeDetail:
    """Show a change with its edits (1,000 in one answer), beside what is in force now."""
    found, edits, state = await service.show(caller, change)
    if found.status == PUBLISHED and found.revision is not None:
        _, versions, state = await history.revision(caller, found.revision)
        shown = [VersionOut.of(each, _slug(state, each.environment_id)) for each in versions]
        return ChangeDetail(**ChangeOut.of(found).model_dump(), versions=shown)
    shown_edits = edits[skip : skip + EDITS_SHOWN]
    outs = [edit_out(edit, state, found.base_revision) for edit in shown_edits]
    return ChangeDetail(
        **ChangeOut.of(found).model_dump(), edits=[each for each in outs if each is not None]
    )


@router.patch("/workspaces/{workspace}/changes/{change}")
async def update_change(
    change: UUID, body: ChangeUpdate, caller: Author, service: ChangingService
) -> ChangeOut:
    """Replace the message or all edits of an open change; it becomes a draft again."""
    wishes = None if body.edits is None else [edit.wish() for edit in body.edits]
    return ChangeOut.of(await service.revise(caller, change, body.message, wishes))


@router.post("/workspaces/{workspace}/changes/{change}/edits", status_code=201)
async def append_edits(
    change: UUID, body: EditsAppend, caller: Author, service: ChangingService
) -> ChangeOut:
    """Add edits to a draft: a large change is sent piece by piece."""
    wishes = [edit.wish() for edit in body.edits]
    return ChangeOut.of(await service.append(caller, change, wishes))


@router.post("/workspaces/{workspace}/changes/{change}/submit")
async def submit_change(change: UUID, caller: Author, service: ProposalService) -> ChangeOut:
    """Ask for review. What could not be published as things stand is refused now."""
    return ChangeOut.of(await service.submit(caller, change))


@router.post("/workspaces/{workspace}/changes/{change}/approve")
async def approve_change(
    change: UUID,
    body: Comment,
    caller: Annotated[Caller, requires("change.review")],
    service: ProposalService,
) -> ChangeOut:
    """Approve a change of somebody else."""
    decided: Change = await service.decide(
        caller, change, approve=True, comment=body.comment, edition=body.edition
    )
    return ChangeOut.of(decided)


@router.post("/workspaces/{workspace}/changes/{change}/reject")
async def reject_change(
    change: UUID, body: Comment, caller: Reader, service: ProposalService
) -> ChangeOut:
    """Reject a change, or withdraw one's own."""
    return ChangeOut.of(await service.decide(caller, change, approve=False, comment=body.comment))


@router.post("/workspaces/{workspace}/changes/{change}/rebase")
async def rebase_change(change: UUID, caller: Author, service: ProposalService) -> ChangeOut:
    """Set the base to the present revision after looking at both sides."""
    return ChangeOut.of(await service.rebase(caller, change))


@router.post("/workspaces/{workspace}/changes/{change}/publish")
async def publish_change(change: UUID, caller: Author, service: ProposalService) -> WriteOut:
    """Make the change a revision: an approved one, or a draft where no approval is required."""
    return WriteOut.of(await service.publish(caller, change))


@router.get("/workspaces/{workspace}/revisions")
async def list_revisions(
    caller: Reader, service: HistoryService, cursor: Cursor = None, limit: Limit = 100
) -> RevisionPage:
    """Show the timeline of the workspace, newest first."""
    position = decode_cursor(cursor, int)
    before = None if position is None else position[0]
    found = await service.revisions(caller, before, limit)
    return RevisionPage(
        items=[RevisionOut.of(each) for each in found],
        next_cursor=encode_cursor([found[-1].revision]) if len(found) == limit else None,
    )


@router.get("/workspaces/{workspace}/revisions/{revision}")
async def get_revision(
    revision: Annotated[int, Path(ge=0, lt=10**LONGEST_REVISION)],
    caller: Reader,
    service: HistoryService,
) -> RevisionDetail:
    """Show one revision and what it set."""
    row, versions, state = await service.revision(caller, revision)
    shown = [VersionOut.of(each, _slug(state, each.environment_id)) for each in versions]
    return RevisionDetail(**RevisionOut.of(row).model_dump(), versions=shown)


def _slug(state: WorkspaceState, environment_id: UUID) -> str:
    found = state.topology.by_id.get(environment_id)
    return "(deleted)" if found is None else found.slug
