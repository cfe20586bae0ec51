"""What a restore drill found: the only thing that makes a backup count as verified."""

from datetime import datetime

from msgspec import Struct


class Check(Struct, frozen=True):
    """One thing looked at: what, whether it is well, and what was seen, in words."""

    name: str
    ok: bool
    words: str


class Drill(Struct, frozen=True, kw_only=True):
    """One drill.

    Attributes:
        label: the backup that was restored; empty when it never came so far.
        method: `physical` or `portable`.
        started_at: when it began; with zone.
        seconds: how long it took altogether.
        restore_seconds: how long until the restored database could be asked: what a recovery
            takes at least.
        size_bytes: what was restored, as it lies on disk.
        checks: what was looked at, in order; it ends with the first that stops it.
    """

    label: str
    method: str
    started_at: datetime
    seconds: float
    restore_seconds: float
    size_bytes: int
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether the backup can be relied on."""
        return bool(self.checks) and all(check.ok for check in self.checks)
