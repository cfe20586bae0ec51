"""A workspace as the checks of advice look at it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from central_config.configurations.model.cells import SERVED_STATUSES, Cell, Served, Site
from central_config.configurations.model.references import has_marks
from central_config.configurations.model.state import WorkspaceState
from central_config.core.json import JSON, decode

# Values longer than this are documents; no check looks into them (bytes).
LONGEST = 4096


class Row(NamedTuple):
    """A key, and what each environment serves for it."""

    key: str
    served: Mapping[UUID, Served]


class Ground:
    """What a check is given; nothing here is kept from one scan to the next."""

    def __init__(self, state: WorkspaceState) -> None:
        self.state = state
        self.topology = state.topology

    def slug(self, environment_id: UUID) -> str:
        """Return what an environment is called."""
        return self.topology.slug(environment_id)

    def rows(self) -> Iterator[Row]:
        """Yield every key that is served somewhere, in order."""
        environments = list(self.topology.by_id)
        keys = sorted({key for each in environments for key in self.state.layer(each)})
        for key in keys:
            found = {each: self.state.served(Site(each, key)) for each in environments}
            served = {each: it for each, it in found.items() if it is not None}
            if served:
                yield Row(key, served)

    def own(self) -> Iterator[tuple[Site, Cell]]:
        """Yield what environments hold themselves and serve, without secrets."""
        for environment_id in self.topology.by_id:
            layer = self.state.layer(environment_id)
            for key in sorted(layer):
                if self.plain(layer[key], key):
                    yield Site(environment_id, key), layer[key]

    def families(self) -> Iterator[Sequence[UUID]]:
        """Yield environments that have the same parent; the roots are a family, too."""
        roots = [each.id for each in self.topology.by_id.values() if each.parent_id is None]
        yield roots
        for each in self.topology.by_id:
            yield self.topology.children(each)

    def plain(self, cell: Cell, key: str) -> bool:
        """Tell whether a cell is served and no secret."""
        secret = cell.secret or key in self.state.secret_keys
        return cell.status in SERVED_STATUSES and not secret


def value_of(served: Served | None) -> JSON:
    """Return a value that may be compared; None of what is a secret, a document or made of others.

    Null itself is compared by nobody.
    """
    if served is None or served.secret or served.cell.secret or len(served.body) > LONGEST:
        return None
    return None if has_marks(served.cell.body) else decode(served.body)


def type_of(value: JSON) -> str:
    """Return what JSON calls the type of a value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "text"
    if value is None:
        return "null"
    return "list" if isinstance(value, list) else "object"


def as_form(value: JSON, form: str) -> JSON:
    """Return a value taken as a number or a boolean; None where it is none.

    Texts are taken only where they are written exactly as JSON writes the value.
    """
    if form == "same" or not isinstance(value, str):
        return value if form == "same" else None
    try:
        found = decode(value.encode())
    except ValueError:
        return None
    return found if type_of(found) == form else None
