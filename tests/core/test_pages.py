"""What is kept of rendered answers, and what of the past of a watched workspace, is bounded."""

from collections import deque
from datetime import UTC, datetime
from uuid import UUID

from central_config.configurations.model.cells import Cell, Layers, Served, ServedChange, Site
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service import pages
from central_config.configurations.service.pages import Pages, View
from central_config.watch.model import HEAVIEST, Past, Timeline
from central_config.workspaces.model import Environment, Topology

ENVIRONMENT = Environment(UUID(int=1), "prod", None, requires_approval=False, description="")
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def state(body: bytes = b'"x"') -> WorkspaceState:
    layers: Layers = {ENVIRONMENT.id: {"a": Cell(body, "active", 1, 1, secret=False)}}
    made = WorkspaceState(UUID(int=9), 1, MOMENT, Topology([ENVIRONMENT]), layers)
    deque(made.settle(), maxlen=0)
    return made


def test_pages_of_invented_prefixes_do_not_fill_the_memory() -> None:
    kept, one = Pages(), state()
    environment = next(iter(one.topology.by_id.values()))
    asked = 40_000
    for number in range(asked):
        view = View("shop", environment, f"{number:0>3000}", reveal=False)
        assert kept.at_once(one, view) is not None
    # Each is charged what it takes, so they cannot be many more than the bound has room for.
    assert len(kept._kept) <= pages.KEPT_BYTES / 3000
    assert len(kept._kept) < asked


def test_the_past_that_is_kept_has_a_weight() -> None:
    timeline, large = Timeline(0), b"x" * (1024 * 1024)
    site = Site(ENVIRONMENT.id, "a")
    cell = Cell(large, "active", 1, 1, secret=False)
    for revision in range(1, 101):
        change = ServedChange(site, None, Served(large, False, ENVIRONMENT.id, cell))
        timeline.append(Past(revision, [change]))
    assert 100 - timeline.start <= HEAVIEST / len(large)
    assert [past.revision for past in timeline.since(timeline.start)] == list(
        range(timeline.start + 1, 101)
    )
