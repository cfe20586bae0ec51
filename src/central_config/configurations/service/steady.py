"""Long looks at a workspace in memory that let others work, and say which revision they saw."""

from collections.abc import Callable
from typing import TypeVar

from central_config.configurations.model.state import WorkspaceState
from central_config.core.pace import Steps, unhurried

Found = TypeVar("Found")

# How often a look is begun anew because somebody published meanwhile. The last one counts
# whatever happens: each of its parts was true at its revision or one soon after.
TRIES = 3


async def steadily(
    look: Callable[[], Steps[Found]], *states: WorkspaceState
) -> tuple[Found, tuple[int, ...]]:
    """Return what a look at some states finds, and at which revisions of them."""
    for _ in range(TRIES - 1):
        began = tuple(state.revision for state in states)
        found = await unhurried(look())
        if began == tuple(state.revision for state in states):
            return found, began
    began = tuple(state.revision for state in states)
    return await unhurried(look()), began
