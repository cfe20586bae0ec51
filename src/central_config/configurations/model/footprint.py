"""How much memory a workspace takes, about."""

from central_config.configurations.model.state import WorkspaceState

# Bytes a cell takes besides its key and body: the heads of these objects, its own fields, its
# place in the dictionary.
_CELL = 210
# Bytes for a key's place in the order of an environment's keys.
_INDEXED = 10
# Bytes a computed value takes: its body, its place, its targets, who depends on whom.
_COMPUTED = 1_000
# Bytes of an empty workspace: topology, rules, dictionaries.
_EMPTY = 4_000


def footprint(state: WorkspaceState) -> int:
    """Return about how many bytes a workspace takes, with the blocks that were rendered of it."""
    size = _EMPTY + state.count() * _CELL + state.weight + state.computed * _COMPUTED
    for index in state.indexes:
        size += len(index) * _INDEXED + index.rendered_size()
    return size
