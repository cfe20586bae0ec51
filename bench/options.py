"""How long and how large a run is."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Options:
    """Rounds, seconds of each measurement, and the sizes of the scale curves."""

    rounds: int = 5
    seconds: float = 3.0
    keys: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    watchers: tuple[int, ...] = (1, 100, 1_000, 5_000, 10_000)
    replicas: tuple[int, ...] = (1, 2, 3)
    history: tuple[int, ...] = (1, 1_000, 10_000, 100_000)
    imported: int = 100_000
    # Writes of one watch measurement, and writes or reads timed one by one in a scale curve.
    repeats: int = 10

    def up_to(self, largest: int) -> "Options":
        """Return the same without the sizes above `largest`."""
        return replace(
            self,
            keys=tuple(each for each in self.keys if each <= largest),
            watchers=tuple(each for each in self.watchers if each <= largest),
            history=tuple(each for each in self.history if each <= largest),
            imported=min(self.imported, largest),
        )


QUICK = Options(
    rounds=1,
    seconds=2.0,
    keys=(1_000, 10_000),
    watchers=(1, 100),
    replicas=(1, 2),
    history=(1, 1_000),
    imported=2_000,
    repeats=5,
)
