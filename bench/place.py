"""Where the benchmark keeps what it makes: downloads, data directories, logs, results."""

import os
import shutil
from pathlib import Path

HERE = Path(__file__).parent
# On a disk, never in memory: the writes it times are to reach it.
WORK = Path(os.environ.get("BENCH_WORK", HERE / ".work"))
RESULTS = WORK / "results"
QUICK_RESULTS = WORK / "results-quick"
UNLEASH = WORK / "unleash"
DOCUMENT = HERE.parent / "docs" / "explanation" / "performance.md"


def fresh(name: str) -> Path:
    """Return an empty directory of that name for a server's data, of this run alone."""
    place = _own() / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True, mode=0o755)
    return place


def scratch(name: str) -> Path:
    """Return the path of a file to write, of this run alone."""
    place = _own()
    place.mkdir(parents=True, exist_ok=True)
    return place / name


def clean() -> None:
    """Delete what this run wrote, and what runs left that were killed; results stay."""
    shutil.rmtree(_own(), ignore_errors=True)
    for place in (WORK / "data").glob("[0-9]*"):
        if not Path("/proc", place.name).exists():
            shutil.rmtree(place, ignore_errors=True)


def _own() -> Path:
    return WORK / "data" / str(os.getpid())
