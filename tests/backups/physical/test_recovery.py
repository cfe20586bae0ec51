"""Recovery that must not happen, and recovery where there is nothing left."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from central_config.backups.model.errors import (
    BackupFailedError,
    BackupRefusedError,
    NotPossibleHereError,
)
from central_config.backups.service.exchange import put_in_place
from central_config.supervisor.paths import Paths
from tests.backups.physical.stage import Stage, make_template, staged

pytestmark = pytest.mark.timeout(180)  # several servers, on a busy machine


def left_over(stage: Stage) -> list[str]:
    found = {each.name for each in (stage.place / "data").glob("postgres.*")}
    return sorted(found - {"postgres.password"})


def test_refused_or_failed_recovery_leaves_the_live_data(stage: Stage) -> None:
    stage.publish("kept", revision=4)
    with pytest.raises(BackupRefusedError, match="no physical backup"):
        stage.do(stage.physical.recover(datetime.now(UTC)))
    full = stage.do(stage.live.create("full"))
    with pytest.raises(BackupRefusedError, match="the first moment that can be recovered"):
        stage.do(stage.physical.recover(full.started_at))
    stage.publish("last-of-all")
    time.sleep(2.1)
    moment = stage.now()
    with pytest.raises(BackupRefusedError, match=r"runs on .*: stop it first"):
        stage.do(stage.physical.recover(moment))
    stage.server.stop()
    with pytest.raises(BackupFailedError, match="before configured recovery target was reached"):
        stage.do(stage.physical.recover(moment))
    assert left_over(stage) == []
    stage.server.start()
    assert stage.workspaces() == {"kept": 4, "last-of-all": 1}


def test_rehearsal_beside_the_live_server_and_the_way_back(stage: Stage) -> None:
    stage.do(stage.live.create("full"))
    stage.publish("good", revision=4)
    time.sleep(1.1)
    moment = stage.now()
    time.sleep(1.1)
    stage.publish("bad")
    stage.do(stage.live._tool.run("check", limit=30))
    seen = stage.do(stage.live.recover(moment, switch=False))
    assert not seen.switched
    assert "1 in cc_workspace" in seen.checks[0].words
    assert set(stage.workspaces()) == {"good", "bad"}
    assert left_over(stage) == [Path(seen.data).name]
    stage.server.stop()
    done = stage.do(stage.physical.recover(moment))
    stage.server.start()
    assert stage.workspaces()["good"] > 4  # past all that anybody has seen
    assert "bad" not in stage.workspaces()
    # A recovery from the old backup follows the new line, as its history is in the archive.
    stage.publish("later")
    assert stage.do(stage.live.drill()).ok
    stage.server.stop()
    put_in_place(Paths(stage.place / "data"), Path(str(done.kept)), stage.place / "data" / "undone")
    stage.server.start()
    assert stage.workspaces() == {"good": 4, "bad": 1}


def test_machine_is_gone(stage: Stage, place: Path, bin_dir: Path) -> None:
    stage.do(stage.live.create("full"))
    stage.publish("survives", revision=7)
    stage.do(stage.live._tool.run("check", limit=30))
    stage.server.force_stop()
    new = place / "new"
    new.mkdir()
    (new / "template").mkdir()
    template = make_template(new / "template", bin_dir)  # another installation, other passwords
    with staged(template, new, bin_dir, backup_repository=str(stage.repository)) as other:
        other.server.stop()
        done = other.do(other.physical.recover(None))
        assert done.switched
        other.server.start()
        assert other.workspaces()["survives"] > 1_000_000  # what was seen cannot be known
        other.do(other.live.create("full"))
        assert other.do(other.live.drill()).ok


def test_server_of_somebody_else_is_refused(stage: Stage, tmp_path: Path) -> None:
    settings = stage.settings.model_copy(update={"data_dir": tmp_path / "none"})
    with pytest.raises(NotPossibleHereError, match="a server that `serve` does not run here"):
        stage.with_settings(settings)
    assert not (tmp_path / "none").exists()


def test_names_are_exchanged_at_once(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    paths.cluster.mkdir()
    recovered, kept = tmp_path / "recovered", tmp_path / "kept"
    recovered.mkdir()
    (recovered / "new").touch()
    inode = paths.cluster.stat().st_ino
    assert put_in_place(paths, recovered, kept) == kept
    assert (paths.cluster / "new").exists()
    assert kept.stat().st_ino == inode
    assert not recovered.exists()
