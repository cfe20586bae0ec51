"""What a change would do to readers: laid over a workspace that stays as it is."""

from collections.abc import Sequence
from typing import NamedTuple

from central_config.configurations.model.candidate import Candidate
from central_config.configurations.model.cells import (
    ACTIVE,
    REMOVED,
    Cell,
    Placed,
    ServedChange,
    Site,
)
from central_config.configurations.model.changes import REMOVE, SET, Edit
from central_config.configurations.model.state import WorkspaceState
from central_config.core.pace import Steps


class Effects(NamedTuple):
    """Every served value that would be another, and the keys that are secrets by then."""

    changes: Sequence[ServedChange]
    secrets: frozenset[str]


def effects(state: WorkspaceState, edits: Sequence[Edit]) -> Steps[Effects]:
    """Work out what edits would do, in steps; what could not be published is taken as it is."""
    known = [edit for edit in edits if state.holds(edit.environment_id)]
    secrets = frozenset(edit.key for edit in known if edit.secret and edit.action == SET)
    secrets |= state.secret_keys
    cells: list[Placed] = []
    for edit in known:
        site = Site(edit.environment_id, edit.key)
        cell = _cell(edit, state.own(site), state.revision + 1, secret=edit.key in secrets)
        if cell is not None:
            cells.append(Placed(site, cell))
    if not cells:
        return Effects((), secrets)
    effect = yield from Candidate(state).laying(cells, strict=False)
    return Effects(effect.changes, secrets)


def _cell(edit: Edit, own: Cell | None, revision: int, *, secret: bool) -> Cell | None:
    """Return the cell an edit makes; None for one that makes none."""
    version = 1 if own is None else own.version + 1
    if edit.action == SET:
        return Cell(edit.body, edit.status or ACTIVE, version, revision, secret)
    if own is None or own.status == REMOVED:
        return None
    if edit.action == REMOVE:
        return Cell(b"", REMOVED, version, revision, secret=False)
    return Cell(own.body, edit.status or ACTIVE, version, revision, secret)
