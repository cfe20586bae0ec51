"""What of a workspace a caller may know of."""

from central_config.access.model import Caller
from central_config.configurations.model.state import WorkspaceState
from central_config.workspaces.model import Environment


def visible(caller: Caller, state: WorkspaceState) -> list[Environment]:
    """Return the environments the caller may see, parents before heirs."""
    seen = [each for each in state.topology.by_id.values() if caller.principal.knows(each.slug)]
    return sorted(seen, key=lambda each: (len(state.topology.line(each.id)), each.slug))
