"""The tools about changes. One of them leaves something behind: a draft that a person looks at."""

from uuid import UUID

from central_config.access.model import Caller
from central_config.assistant.routes.mcp.parts import Parts
from central_config.assistant.wire.tools import arguments as taken
from central_config.assistant.wire.tools.change_results import (
    Changed,
    Changes,
    ChangeTold,
    EditTold,
    FindingTold,
    Proposed,
    Reviewed,
)
from central_config.assistant.wire.tools.results import fitting
from central_config.configurations.model.changes import SET
from central_config.configurations.model.past import Position, Wanted
from central_config.core.json import encode
from central_config.core.problems import FieldError, Problem
from central_config.core.web import decode_cursor, encode_cursor

# Bytes of one proposed value: what a person can still judge by looking at it.
LARGEST_VALUE = 32 * 1024
# Edits shown beside the findings of a review, and what they may have together (characters).
_MOST_EDITS = 50
_EDITS_ROOM = 15_000


async def list_changes(parts: Parts, caller: Caller, asked: taken.ListChanges) -> Changes:
    """List changes, or the values they changed, newest first."""
    if asked.of_values:
        return await _values(parts, caller, asked)
    position = decode_cursor(asked.cursor, UUID)
    conditions = {"status": asked.status, "author_name": asked.author}
    found = await parts.proposals.page(
        caller,
        {name: value for name, value in conditions.items() if value is not None},
        None if position is None else position[0],
        asked.limit + 1,
    )
    items = fitting(ChangeTold.of(each) for each in found[: asked.limit])
    more = len(items) < len(found)
    return Changes(
        workspace=caller.place.slug,
        items=items,
        values=[],
        next_cursor=encode_cursor([str(items[-1].id)]) if more else None,
    )


async def _values(parts: Parts, caller: Caller, asked: taken.ListChanges) -> Changes:
    position = decode_cursor(asked.cursor, int, str, UUID)
    wanted = Wanted(
        environments=() if asked.environment is None else (asked.environment,),
        prefix=asked.prefix,
        author=asked.author,
        since=asked.since,
        until=asked.until,
    )
    after = None if position is None else Position(*position)
    found, state = await parts.history.changes(caller, wanted, after, asked.limit + 1)
    slug = state.topology.slug
    values = fitting(Changed.of(it, slug(it.environment_id)) for it in found[: asked.limit])
    last = found[len(values) - 1] if len(values) < len(found) else None
    return Changes(
        workspace=caller.place.slug,
        items=[],
        values=values,
        next_cursor=None
        if last is None
        else encode_cursor([last.revision, last.key, str(last.environment_id)]),
    )


async def review_change(parts: Parts, caller: Caller, asked: taken.ReviewChange) -> Reviewed:
    """Say what could be wrong with a change.

    Raises:
        Problem: `ai-disabled`, `not-found`.
    """
    if parts.reviewing is None:
        raise Problem("ai-disabled", "changes are not reviewed here (AI_ENABLED)")
    review = await parts.reviewing.review(caller, asked.change)
    findings = fitting(FindingTold.of(each) for each in review.findings)
    _, edits, state = await parts.changing.show(caller, asked.change)
    # A published change has no edits any more: list_changes tells its values.
    told = fitting((EditTold.of(each, state) for each in edits[:_MOST_EDITS]), _EDITS_ROOM)
    shown = len(findings) == len(review.findings) and len(told) == len(edits)
    seen = review.withheld == 0 and review.looked_at == review.values
    return Reviewed(
        workspace=caller.place.slug,
        change=ChangeTold.of(review.change),
        risk=review.risk,
        findings=findings,
        edits=told,
        complete=shown and seen,
    )


async def propose_change(parts: Parts, caller: Caller, asked: taken.ProposeChange) -> Proposed:
    """Keep a draft for a person.

    Raises:
        Problem: what publishing would refuse, said now while the assistant can still correct it;
            `permission-denied` for a value of a secret: whoever reviews it would see a mask.
    """
    wishes = [each.wish() for each in asked.edits]
    await _refuse_unseen(parts, caller, asked)
    await parts.changing.rehearse(caller, wishes, asked.base_revision)
    draft = await parts.changing.draft(caller, wishes, asked.message, asked.base_revision)
    _, edits, state = await parts.changing.show(caller, draft.id)
    slug = caller.place.slug
    return Proposed(
        workspace=slug,
        change=ChangeTold.of(draft),
        edits=fitting(EditTold.of(each, state) for each in edits),
        review=f"This is a draft: nothing is served differently. In workspace {slug}, see it with "
        f"`ccfg change show {draft.id}` or GET /api/v1/workspaces/{slug}/changes/{draft.id}; put "
        f"it to review with `ccfg change submit {draft.id}`, or drop it with `ccfg change reject "
        f"{draft.id}`.",
    )


async def _refuse_unseen(parts: Parts, caller: Caller, asked: taken.ProposeChange) -> None:
    """Refuse values that a reviewer could not look at: those of secrets, and very long ones."""
    state = await parts.reading.state(caller.place.id, asked.edits[0].environment)
    for position, edit in enumerate(asked.edits):
        if edit.action != SET:
            continue
        pointer = f"/edits/{position}/value"
        if edit.key in state.secret_keys:
            detail = f"{edit.key} is a secret; a person sets it, with `ccfg set --secret`"
            raise Problem("permission-denied", detail, errors=[FieldError(pointer, detail)])
        size = len(encode(edit.value))
        if size > LARGEST_VALUE:
            detail = f"the value of {edit.key} has {size} bytes; at most {LARGEST_VALUE}"
            raise Problem("value-too-large", detail, errors=[FieldError(pointer, detail)])
