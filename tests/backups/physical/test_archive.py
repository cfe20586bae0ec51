"""The archive of the log: seen when it is stuck, and never what a stop waits long for."""

import asyncio
import re
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from central_config.backups.model import Backup
from central_config.backups.model.errors import BackupRefusedError
from central_config.backups.service.archiving import ARCHIVE_EVERY, ArchiveFacts, archive_facts
from central_config.core.db import open_database
from central_config.supervisor.binaries import find_postgres, postgres_version
from tests.backups.physical.s3 import BUCKET, KEY, SECRET
from tests.backups.physical.stage import PASSPHRASE, Stage, staged, switch_segment
from tests.backups.physical.tools import pgbackrest

pytestmark = pytest.mark.timeout(180)  # several servers, on a busy machine

# A stop that waits for the archive longer than this would be taken for one that hangs. The
# supervisor cuts PostgreSQL off after 30.
STOPS_WITHIN = 25.0
STARTS_WITHIN = 18.0
KNOWS_18 = 56  # of the versions 2.x


async def facts(stage: Stage) -> ArchiveFacts:
    database = open_database(stage.settings.require_database_url(), stage.settings)
    try:
        return await archive_facts(database)
    finally:
        await database.dispose()


def until(stage: Stage, *, failing: bool, seconds: float = 30.0) -> ArchiveFacts:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = stage.do(facts(stage))
        if found.failing is failing and (failing or found.waiting == 0):
            return found
        time.sleep(0.3)
    raise AssertionError(f"not within {seconds} s: {found}")


@contextmanager
def black_hole() -> Iterator[int]:
    """Listen on a port, accept connections and never say a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        held: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    held.append(listener.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        for each in held:
            each.close()


def test_stuck_archive_is_seen_and_catches_up(stage: Stage) -> None:
    well = until(stage, failing=False)
    assert well.archives
    away = stage.place / "away"
    stage.repository.rename(away)
    stage.repository.write_text("not a directory any more")
    stage.publish("while-it-is-away")
    switch_segment(stage)
    stuck = until(stage, failing=True)
    assert stuck.waiting >= 1
    assert stuck.failed >= 1
    assert stuck.last_failed_at is not None
    with pytest.raises(BackupRefusedError, match=r"BACKUP_REPOSITORY.*File exists"):
        stage.do(stage.live.create())
    begin = time.monotonic()
    stage.server.stop()
    assert time.monotonic() - begin < STOPS_WITHIN
    stage.repository.unlink()
    away.rename(stage.repository)
    stage.server.start()
    again = until(stage, failing=False)
    assert again.last_archived is not None
    assert again.age_seconds is not None
    assert again.age_seconds < ARCHIVE_EVERY
    assert "while-it-is-away" in stage.workspaces()
    assert stage.do(stage.live.create()).kind == "full"
    assert stage.do(stage.live.verify()).ok


def test_disk_that_is_not_mounted_is_not_written_beside(stage: Stage) -> None:
    stage.do(stage.live.create())
    away = stage.place / "away"
    stage.repository.rename(away)
    stage.repository.mkdir()  # what is under a mount point
    with pytest.raises(BackupRefusedError, match="is the disk mounted"):
        stage.do(stage.live.create())
    stage.server.stop()
    stage.server.start()
    switch_segment(stage)
    until(stage, failing=True)
    assert not list(stage.repository.rglob("*.info"))


def test_two_backups_at_once_are_made_one_after_the_other(stage: Stage) -> None:
    async def both() -> list[Backup]:
        return await asyncio.gather(stage.live.create("full"), stage.live.create("full"))

    stage.do(both())
    assert len(stage.do(stage.live.list())) == 2
    assert stage.do(stage.live.due()) == "incr"


def test_silent_repository_holds_up_neither_start_nor_stop(
    template: Path, place: Path, bin_dir: Path
) -> None:
    """One that accepts connections and never answers; refused connections are over sooner."""
    with black_hole() as port:
        options = {
            "backup_repository": f"s3://{BUCKET}/silent",
            "backup_s3_endpoint": f"https://localhost:{port}",
            "backup_s3_key": KEY,
            "backup_s3_secret": SECRET,
        }
        begin = time.monotonic()
        with staged(template, place, bin_dir, **options) as stage:
            assert time.monotonic() - begin < STARTS_WITHIN
            stage.publish("nobody-archives-this")
            switch_segment(stage)
            assert until(stage, failing=True, seconds=40).waiting >= 1
            begin = time.monotonic()
            stage.server.request_stop()
            while stage.server.exit_code() is None:
                assert time.monotonic() - begin < STOPS_WITHIN
                time.sleep(0.1)
            assert stage.server.exit_code() == 0  # it ended by itself, nobody cut it off


def test_configuration_is_private(stage: Stage) -> None:
    directory = stage.place / "data" / "pgbackrest"
    stage.do(stage.live.list())
    owner = (stage.place / "data" / "postgres").stat().st_uid
    for name in ("pgbackrest.conf", "archiving.conf"):
        found = (directory / name).stat()
        assert stat.S_IMODE(found.st_mode) == 0o600
        assert found.st_uid == owner
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert PASSPHRASE not in str(stage.ask("SHOW archive_command"))


def test_server_that_pgbackrest_does_not_know_is_refused(place: Path) -> None:
    """The PostgreSQL that comes with us is newer than the pgBackRest of many a system."""
    bin_dir = find_postgres()
    if int(re.findall(r"\d+", version())[1]) >= KNOWS_18:
        pytest.skip(f"NOT TESTED: {version()} knows PostgreSQL 18")
    stage = Stage(place, bin_dir)
    with stage.server:
        assert stage.ask("SHOW archive_mode") == "off"
        assert not stage.do(facts(stage)).archives
        with pytest.raises(BackupRefusedError) as refused:
            stage.do(stage.live.create("full"))
    server = postgres_version(bin_dir)
    assert str(refused.value).startswith(f"{version()} cannot back up PostgreSQL {server} (it says")
    assert "portable backups" in str(refused.value)


def version() -> str:
    answer = subprocess.run([pgbackrest(), "version"], capture_output=True, text=True, check=True)
    return answer.stdout.strip()
