"""A repository that is not what was written: found by verify, and a drill never passes on it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from central_config.backups.model import Backup
from central_config.backups.model.drills import Drill
from central_config.backups.model.errors import BackupFailedError
from central_config.core.settings import Settings
from tests.backups.physical.stage import Stage, segments, switch_segment

pytestmark = pytest.mark.timeout(180)  # several servers, on a busy machine

Damage = Callable[[Path], None]


def flip_one_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut_in_half(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def remove(file: Path) -> None:
    file.unlink()


def words(drill: Drill) -> str:
    return "; ".join(each.words for each in drill.checks if not each.ok)


def largest_file(stage: Stage, backup: Backup) -> Path:
    place = stage.repository / "physical" / "backup" / "central-config" / backup.label
    return max(
        (each for each in place.rglob("*") if each.is_file()), key=lambda f: f.stat().st_size
    )


@contextmanager
def damaged(file: Path, damage: Damage) -> Iterator[None]:
    """Have a file damaged until the block ends."""
    content = file.read_bytes()
    damage(file)
    yield
    file.write_bytes(content)


def test_damaged_backup_is_found(stage: Stage) -> None:
    backup = stage.do(stage.live.create("full"))
    assert stage.do(stage.live.verify()).ok
    for damage in (cut_in_half, remove, flip_one_bit):
        with damaged(largest_file(stage, backup), damage):
            found = stage.do(stage.live.verify())
            assert not found.ok
            assert found.words == f"backup {backup.label} is invalid"
    with damaged(largest_file(stage, backup), flip_one_bit):
        drill = stage.do(stage.live.drill())
    assert not drill.ok
    assert drill.label == backup.label
    assert words(drill).startswith("the restore failed: ")
    assert not list((stage.place / "data").glob("drill-*"))
    assert stage.do(stage.live.verify()).ok


def test_damaged_log_is_found(stage: Stage) -> None:
    """The backup itself is whole, but what was written after it would be lost."""
    stage.do(stage.live.create("full"))
    stage.publish("after-the-backup", revision=7)
    written_to = stage.ask("SELECT pg_walfile_name(pg_current_wal_insert_lsn())")
    switch_segment(stage)
    stage.publish("after-that", revision=3)
    assert stage.do(stage.live.drill()).ok
    pieces = segments(stage)
    piece = next(each for each in pieces if each.name.startswith(f"{written_to}-"))
    with damaged(piece, cut_in_half):
        found = stage.do(stage.live.verify())
        assert found.words == f"1 of {len(pieces)} segments of the log are not whole"
        drill = stage.do(stage.live.drill())
    # By where the damage is, the server ends, or takes it for the end of the log.
    assert not drill.ok
    assert re.search("PostgreSQL does not recover|is at nothing, was at 7", words(drill))
    assert "starting up" not in words(drill)
    with damaged(piece, remove):
        found = stage.do(stage.live.verify())
        drill = stage.do(stage.live.drill())
    assert "the log has a gap: 1 segments after" in found.words
    assert "is at nothing, was at 7" in words(drill)


def test_nothing_is_not_taken_for_well(stage: Stage) -> None:
    """The verification of pgBackRest itself exits 0 here."""
    answer = stage.do(stage.live._tool.run("verify", limit=30))
    assert answer.code == 0
    found = stage.do(stage.live.verify())
    assert not found.ok
    assert found.words == "no valid backups"
    drill = stage.do(stage.live.drill())
    assert not drill.ok
    assert words(drill) == "there is no backup: no valid backups"


def test_other_passphrase_opens_nothing_and_harms_nothing(stage: Stage) -> None:
    stage.do(stage.live.create("full"))
    other = Settings.model_validate(
        {**stage.settings.model_dump(), "backup_passphrase": "another long passphrase of ours"}
    )
    with pytest.raises(BackupFailedError, match="not the one the repository was begun with"):
        stage.do(stage.with_settings(other).list())
    with pytest.raises(BackupFailedError, match="not the one the repository was begun with"):
        stage.do(stage.with_settings(other).create())
    switch_segment(stage)  # the server's own archive goes on
    assert stage.do(stage.live.verify()).ok
