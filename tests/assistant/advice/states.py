"""Workspaces made of dictionaries, for checks that need no database."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from central_config.assistant.model.advice.ground import Ground
from central_config.configurations.model.cells import ACTIVE, Cell, Layers, Site
from central_config.configurations.model.state import WorkspaceState
from central_config.core.ids import new_id
from central_config.core.json import encode
from central_config.workspaces.model import Environment, Topology

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Held(NamedTuple):
    """A value that is no plain active one."""

    value: Any
    status: str = ACTIVE
    secret: bool = False


def ground(parents: Mapping[str, str | None] | None = None, /, **layers: dict[str, Any]) -> Ground:
    """Return base <- staging, base <- prod, or the environments named, with what each holds."""
    parents = parents or {"base": None, "staging": "base", "prod": "base"}
    ids: dict[str, UUID] = {slug: new_id() for slug in parents}
    environments = [
        Environment(ids[slug], slug, None if parent is None else ids[parent], False)
        for slug, parent in parents.items()
    ]
    cells: Layers = {
        ids[slug]: {key: _cell(value) for key, value in layer.items()}
        for slug, layer in layers.items()
    }
    state = WorkspaceState(new_id(), 7, NOW, Topology(environments), cells)
    for _ in state.settle():
        pass
    return Ground(state)


def _cell(value: Any) -> Cell:
    held = value if isinstance(value, Held) else Held(value)
    return Cell(encode(held.value), held.status, 1, 1, held.secret)


def named(ground: Ground, site: Site) -> str:
    """Return a place as people write it."""
    return f"{ground.slug(site.environment_id)}:{site.key}"
