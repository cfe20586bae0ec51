"""The smallest parts of a workspace: what an environment holds for a key, and what it serves."""

from typing import NamedTuple
from uuid import UUID

import msgspec

from central_config.configurations.model.references import has_marks

DRAFT = "draft"
ACTIVE = "active"
DEPRECATED = "deprecated"
ARCHIVED = "archived"
# A head whose value was taken away; kept so that its history, its version numbers and "changed
# since" stay true. Never shown as a status of a configuration.
REMOVED = "removed"

SERVED_STATUSES = frozenset({ACTIVE, DEPRECATED})
SETTABLE_STATUSES = frozenset({ACTIVE, DEPRECATED, ARCHIVED})

# The largest value, encoded, before and after its references are resolved (bytes).
MAXIMUM_VALUE = 1024 * 1024
# How deep a value may nest, before and after its references are resolved. Bounds recursion too:
# along a chain of references the depths add up.
MAXIMUM_DEPTH = 100


class Site(NamedTuple):
    """A key in an environment: where something is held, or where it is read."""

    environment_id: UUID
    key: str


class Cell(msgspec.Struct, frozen=True, gc=False):
    """What one environment itself holds for a key: the head of a configuration.

    `body` is the encoded value as written, references unresolved; empty when removed. `revision`
    is the one that last touched the cell.
    """

    body: bytes
    status: str
    version: int
    revision: int
    secret: bool

    @property
    def marked(self) -> bool:
        """Whether the value must be computed (references or escapes) before it is served."""
        return has_marks(self.body)


# What each environment itself holds, tombstones included, by key.
Layers = dict[UUID, dict[str, Cell]]


class Computed(msgspec.Struct, frozen=True, gc=False):
    """A value after its references were resolved, and where they led.

    `depth` is the length of the longest chain of such values that begins here, this one included.
    """

    body: bytes
    secret: bool
    targets: tuple[Site, ...]
    depth: int = 1


class Served(msgspec.Struct, frozen=True, gc=False):
    """What a reader of an environment gets for a key.

    `origin` is the environment whose cell supplies it; `secret` is true also for a value that is
    made of a secret by reference.
    """

    body: bytes
    secret: bool
    origin: UUID
    cell: Cell


class ServedChange(NamedTuple):
    """What a revision did to one key as readers of one environment see it; None: not served."""

    site: Site
    before: Served | None
    after: Served | None


class Placed(NamedTuple):
    """A cell and where it goes: the unit of change of a workspace."""

    site: Site
    cell: Cell


class Effect(NamedTuple):
    """All that laying cells does: the cells themselves, what was looked at, what came out.

    `computed` holds the values with references among the `affected` sites.
    """

    cells: list[Placed]
    affected: set[Site]
    computed: dict[Site, Computed]
    changes: list[ServedChange]


def as_secret(cell: Cell) -> Cell:
    """Return the cell as a secret one."""
    return Cell(cell.body, cell.status, cell.version, cell.revision, secret=True)
