"""The fixtures of `tests/access`: an audit log needs somebody who acts."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "access"))

from access_fixtures import (
    access,
    admin,
    client,
    clock,
    database,
    workspaces,
)

__all__ = [
    "access",
    "admin",
    "client",
    "clock",
    "database",
    "workspaces",
]
