"""Backups over TLS to a real S3 server, and back to a second."""

import time
from pathlib import Path

import pytest

from tests.backups.physical.s3 import BUCKET, KEY, S3, SECRET
from tests.backups.physical.stage import staged

pytestmark = pytest.mark.timeout(180)  # several servers, on a busy machine


def options(server: S3, prefix: str) -> dict[str, object]:
    return {
        "backup_repository": f"s3://{BUCKET}/{prefix}",
        "backup_s3_endpoint": server.endpoint,
        "backup_s3_key": KEY,
        "backup_s3_secret": SECRET,
        "backup_s3_ca_file": server.ca_file,
    }


def test_full_incremental_and_back_to_a_second(
    s3: S3, template: Path, place: Path, bin_dir: Path
) -> None:
    with staged(template, place, bin_dir, **options(s3, "main")) as stage:
        stage.publish("before-the-full")
        full = stage.do(stage.live.create("full"))
        assert (full.kind, full.method, full.encrypted) == ("full", "physical", True)
        assert full.location == f"s3://{BUCKET}/main/physical/backup/central-config/{full.label}"
        stage.publish("marker-before")
        time.sleep(1.1)
        moment = stage.now()
        time.sleep(1.1)
        stage.publish("marker-after")
        incremental = stage.do(stage.live.create("incr"))
        assert incremental.detail["rests_on"] == [full.label]
        assert incremental.size_bytes < full.size_bytes / 5
        found = stage.do(stage.live.verify())
        assert found.ok, found.words
        drill = stage.do(stage.live.drill())
        assert drill.ok, drill.checks
        assert drill.label == incremental.label
        stage.server.stop()
        recovered = stage.do(stage.physical.recover(moment))
        assert recovered.backup == full.label
        assert recovered.reached is not None
        assert recovered.reached <= moment
        stage.server.start()
        assert set(stage.workspaces()) == {"before-the-full", "marker-before"}
        assert recovered.kept is not None
        assert Path(recovered.kept, "PG_VERSION").exists()
        again = stage.do(stage.live.create("incr"))
        assert stage.do(stage.live.drill()).ok, again
    nothing_in_clear(s3.files)


def nothing_in_clear(files: Path) -> None:
    """Check that no file of the store holds a name that was written."""
    stored = [each for each in files.rglob("*") if each.is_file() and each.suffix == ".dat"]
    assert sum(each.stat().st_size for each in stored) > 1_000_000
    for each in stored:
        content = each.read_bytes()
        assert b"marker-before" not in content
        assert b"PG_VERSION" not in content
