"""What the data plane remembers of a read: who may, which answer, and its bytes."""

from central_config.access.model import Caller
from central_config.api.limits import Meter
from central_config.api.plane.exchange import NOSNIFF, Header
from central_config.configurations.model.counts import ReadCounts
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service.pages import View
from central_config.core.compression import WORTH, Page
from central_config.core.tallies import Tally
from central_config.workspaces.model import Environment


class Ticket:
    """One credential's right to one answer, and that answer at one revision.

    `key` or `view` says which part of `state` it is about. `until` (monotonic seconds) is when who
    holds it must be looked at again; `hits` counts its uses since the last look.
    """

    __slots__ = (
        "_changed",
        "_unchanged",
        "caller",
        "environment",
        "hits",
        "key",
        "meter",
        "modified",
        "page",
        "revision",
        "state",
        "tag",
        "tally",
        "until",
        "view",
        "whole",
    )

    def __init__(  # noqa: PLR0913 - what a ticket says
        self,
        caller: Caller,
        meter: Meter | None,
        state: WorkspaceState,
        environment: Environment,
        key: str | None,
        view: View | None,
        tally: Tally,
    ) -> None:
        self.caller = caller
        self.meter = meter
        self.state = state
        self.environment = environment
        self.key = key
        self.view = view
        self.tally = tally
        self.until = 0.0
        self.hits = 0
        self.revision = -1
        self.modified = -1
        self.page: Page | None = None
        self.tag = b""
        # Whether the page goes to everybody as it is: too small to be worth compressing.
        self.whole = False
        self._changed: list[Header] = []
        self._unchanged: list[Header] = []

    def fill(self, page: Page, revision: int, modified: int) -> None:
        """Take the answer at a revision; `modified` is the one since which it has been the same."""
        self.page, self.revision, self.modified = page, revision, modified
        self.whole = len(page.body) < WORTH
        self.tag = b'"%d"' % revision
        self._unchanged = [
            (b"etag", self.tag),
            (b"config-revision", b"%d" % revision),
            (b"cache-control", b"private, no-cache"),
            (b"vary", b"Authorization, X-API-Key, Accept-Encoding"),
            NOSNIFF,
        ]
        self._changed = [
            *self._unchanged,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(page.body)),
        ]

    def count(self, counts: ReadCounts) -> None:
        """Note what was read with it since the last look."""
        if self.key is not None:
            counts.key(self.environment.id, self.key, self.hits)
        elif self.view is not None:
            counts.part(self.environment.id, self.view.prefix, self.hits)

    def unchanged(self, *more: Header) -> list[Header]:
        """Return the headers of "you have it already"."""
        return [*self._unchanged, *more]

    def changed(self, *more: Header) -> list[Header]:
        """Return the headers of the page as it is."""
        return [*self._changed, *more]

    def encoded(self, encoding: str, size: int, *more: Header) -> list[Header]:
        """Return the headers of the page in an encoding, which makes it another representation."""
        return [
            (b"etag", b'"%d-%b"' % (self.revision, encoding.encode())),
            *self._unchanged[1:],
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % size),
            (b"content-encoding", encoding.encode()),
            *more,
        ]
