"""The programs physical backups are tested with; none is installed here."""

import os
import shutil
import sys
from pathlib import Path

import pytest

SYSTEM_POSTGRES = Path("/usr/lib/postgresql")
DEBIAN = "on Debian: apt-get install -y --no-install-recommends pgbackrest postgresql-15"


def pgbackrest() -> str:
    """Return where pgBackRest is."""
    return shutil.which("pgbackrest") or missing(f"pgbackrest is missing; {DEBIAN}")


def postgres() -> Path:
    """Return the programs of a PostgreSQL that this pgBackRest can back up."""
    pgbackrest()
    for place in sorted(SYSTEM_POSTGRES.glob("1[567]/bin")):
        if (place / "initdb").exists():
            return place
    return Path(missing(f"PostgreSQL 15 to 17 is missing; {DEBIAN}"))


def weed() -> str:
    """Return where SeaweedFS is, a server that speaks S3."""
    beside = Path(sys.executable).with_name("weed")
    if beside.exists():
        return str(beside)
    return shutil.which("weed") or missing("weed is missing; it comes with the dev dependencies")


def missing(what: str) -> str:
    """Fail where all tools are to be there, else say that nothing was proved."""
    if os.environ.get("REQUIRE_TOOLS"):
        pytest.fail(what, pytrace=False)
    pytest.skip(f"NOT TESTED: {what}")
