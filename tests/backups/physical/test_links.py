"""Root writes into directories of PostgreSQL's user, who may have put links there."""

import os
from pathlib import Path

import pytest

from central_config.backups.service.installation import make_private
from central_config.supervisor.accounts import Account


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_root_gives_nothing_away_through_a_link(tmp_path: Path) -> None:
    precious, theirs = tmp_path / "precious", tmp_path / "pgbackrest"
    precious.mkdir()
    theirs.mkdir()
    (theirs / "log").symlink_to(precious)
    make_private(theirs / "log", Account("nobody", 65534, 65534))
    assert precious.stat().st_uid == 0
