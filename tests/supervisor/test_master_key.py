"""The master key: made once for an empty database, never replaced."""

import time
from pathlib import Path

import pytest
from supervised import execute

from central_config.core.settings import Settings
from central_config.supervisor.errors import StartRefusedError
from central_config.supervisor.masterkey import master_key_variables
from central_config.supervisor.paths import Paths
from central_config.supervisor.postgres import PostgresServer


def variables(data_dir: Path, **settings: str) -> dict[str, str]:
    return master_key_variables(Settings(**settings), Paths(data_dir), time.sleep)


def test_made_once(tmp_path: Path) -> None:
    first = variables(tmp_path)
    key = Path(first["MASTER_KEY_FILE"]).read_text()
    assert variables(tmp_path) == first
    assert Path(first["MASTER_KEY_FILE"]).read_text() == key


def test_none_is_made_where_one_is_given(tmp_path: Path) -> None:
    assert variables(tmp_path, master_key="x") == {}
    assert list(tmp_path.iterdir()) == []


def test_lost_key_of_our_own_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    with pytest.raises(StartRefusedError, match=f"its master key {tmp_path}/master.key is gone"):
        variables(tmp_path)
    assert not (tmp_path / "master.key").exists()


def test_lost_key_of_a_configured_database_is_refused(used_data_dir: Path, tmp_path: Path) -> None:
    with PostgresServer(data_dir=used_data_dir, durable=False) as server:
        assert variables(tmp_path, database_url=server.admin_url("postgres"))
        (tmp_path / "master.key").unlink()
        execute(server.url, "CREATE TABLE alembic_version (version_num text)")
        with pytest.raises(StartRefusedError, match="the database is in use"):
            variables(tmp_path, database_url=server.url)


def test_unusable_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartRefusedError, match="DATABASE_URL cannot be used"):
        variables(tmp_path, database_url="nonsense://x")
