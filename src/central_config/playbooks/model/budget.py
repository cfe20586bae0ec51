"""The connections an installation may ask PostgreSQL for, at worst."""

from typing import NamedTuple

# Besides its pool an API process has one connection that listens and one of its writer.
BESIDE_POOL = 2
# A running job takes up to four, a scheduler one, migrating and looking on four.
PER_JOB, PER_BEAT, FOR_OPERATORS = 4, 1, 4


class Processes(NamedTuple):
    """What runs: API processes with their pool, workers with the jobs each runs at once, beats."""

    apis: int
    pool_size: int
    max_overflow: int
    workers: int
    concurrency: int
    beats: int


def connections_asked(processes: Processes) -> int:
    """Return how many connections all of them may hold at the same time."""
    per_api = processes.pool_size + processes.max_overflow + BESIDE_POOL
    return (
        processes.apis * per_api
        + processes.workers * processes.concurrency * PER_JOB
        + processes.beats * PER_BEAT
        + FOR_OPERATORS
    )
