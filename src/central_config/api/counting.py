"""What this replica's readers read, gathered once a minute and written down."""

from central_config.api.plane.reads import ReadPath
from central_config.assistant.service.uses import Uses
from central_config.configurations.model.counts import ReadCounts
from central_config.watch.service import Watching


class Counting:
    """Brings together the reads of the data plane, of the control plane and of watches."""

    def __init__(self, counts: ReadCounts, reads: ReadPath, watching: Watching, uses: Uses) -> None:
        self._counts = counts
        self._reads = reads
        self._watching = watching
        self._uses = uses

    @classmethod
    def of(
        cls, counts: ReadCounts | None, reads: ReadPath, watching: Watching, uses: Uses
    ) -> "Counting | None":
        """Return what gathers reads; None where nobody counts them."""
        return None if counts is None else cls(counts, reads, watching, uses)

    async def keep(self) -> None:
        """Write down what was read since the last time; an open watch reads all the time."""
        self._reads.flush()
        self._watching.count(self._counts)
        await self._uses.flush(self._counts)
