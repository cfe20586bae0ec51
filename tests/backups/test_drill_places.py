"""What a killed drill leaves behind, and what must not be taken for it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from central_config.backups.service.drill_places import drill_place

_DRILL = """
import sys, time
from pathlib import Path
from central_config.backups.service.drill_places import drill_place
with drill_place(Path(sys.argv[1])) as place:
    (place / "server").mkdir()
    (place / "server" / "data").write_text("copied")
    print(place, flush=True)
    time.sleep(60)
"""


def test_the_place_of_a_killed_drill_is_removed_by_the_next(tmp_path: Path) -> None:
    foreign = tmp_path / "central-config-drill-notes"
    foreign.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", _DRILL, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as drill:
        assert drill.stdout is not None
        killed = Path(drill.stdout.readline().strip())
        with drill_place(tmp_path) as mine:
            assert (killed / "server" / "data").exists()  # it is alive
            assert mine.is_dir()
        assert not mine.exists()
        os.kill(drill.pid, signal.SIGKILL)
    assert killed.exists()
    with drill_place(tmp_path):
        assert not killed.exists()
    assert foreign.exists()
