"""What a step of upkeep works with, and what it is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from central_config.core.clock import Clock
from central_config.core.db import Database
from central_config.core.settings import Settings
from central_config.operations.model.reports import Section


@dataclass(frozen=True)
class Ground:
    """Where upkeep is done. `apply`: advice that is safe beside traffic is followed at once."""

    database: Database
    settings: Settings
    clock: Clock
    apply: bool = False

    @property
    def direct_url(self) -> str | None:
        """The way to the database past a transaction pooler, where one is set."""
        url = self.settings.database_listen_url
        return None if url is None else url.get_secret_value()


class Step(NamedTuple):
    """One part of upkeep: its name, what does it, and how long it may take (seconds)."""

    name: str
    run: Callable[[Ground], Awaitable[Section]]
    limit: float = 60.0
