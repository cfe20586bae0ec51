"""What listeners hear of the workspaces in memory."""

from collections.abc import Callable
from typing import NamedTuple

from central_config.configurations.model.cells import ServedChange
from central_config.configurations.model.state import WorkspaceState


class Step(NamedTuple):
    """One revision as this process took it.

    `changes` None: everything may be different (environments moved, or the process was far
    behind), so whoever follows must look at the whole again. `gone`: it was deleted, or its past
    rewritten. `put_away`: nobody used it, so it is not followed before its next use.
    """

    state: WorkspaceState
    revision: int
    changes: list[ServedChange] | None
    gone: bool = False
    put_away: bool = False


Listener = Callable[[Step], None]
