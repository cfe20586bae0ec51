"""The disk of the data directory is full: PostgreSQL stops, and starts again when there is room."""

from typing import cast

from central_config.core.json import JSON
from central_config.playbooks.model.findings import Findings, Status
from central_config.playbooks.model.plans import Draft, File, Sql, Step
from central_config.playbooks.service.playbook import Playbook, Where
from central_config.playbooks.service.plays import in_kubernetes, steps
from central_config.playbooks.service.plays.looks import database as looks
from central_config.playbooks.service.plays.looks import disk as disk_looks
from central_config.playbooks.service.plays.looks import supervised
from central_config.playbooks.service.probes import api, archive, database, disk, kubernetes
from central_config.playbooks.service.probes.looking import Probe, bytes_text
from central_config.playbooks.store import statements

SPACE, SLOTS, ARCHIVER = "disk.space", "database.slots", "database.archiver"
# Log kept by a slot nobody reads (bytes) from which it is worth dropping.
KEPT_TOO_MUCH = 1024**3
# Old log files below this are no relief (bytes).
WORTH_IT = 1024**2


def local(found: Findings, where: Where) -> Draft:
    """Release the ballast first: whatever comes next needs some room."""
    if not found.bad(SPACE) and not found.bad(looks.WRITES):
        return Draft()
    made: list[Step] = []
    preconditions: dict[str, JSON] = {}
    ballast = found[disk_looks.BALLAST].facts
    if ballast.get("bytes"):
        made.append(_release(str(ballast["path"]), cast("int", ballast["bytes"])))
        preconditions["ballast"] = ballast["bytes"]
    for each in found.rows(disk_looks.USE, "old_logs"):
        if cast("int", each["bytes"]) >= WORTH_IT:
            made.append(_remove_log(str(each["path"]), cast("int", each["bytes"])))
            preconditions[f"file {each['path']}"] = each["bytes"]
    made += _slots(found, preconditions)
    return Draft(steps=(*made, *_advice(found, where)), preconditions=preconditions)


def _release(path: str, size: int) -> Step:
    return Step(
        what=f"Release the ballast: {bytes_text(size)}",
        call=File("remove", path),
        effect="There is room at once, so PostgreSQL can start, write and free more by itself.",
        blast_radius="Nobody: the file only took room. It gives time, not a solution.",
        undo="`central-config ops ballast` lays it again when there is room",
        check="`df` on the data directory",
    )


def _remove_log(path: str, size: int) -> Step:
    name = path.rpartition("/")[2]
    return Step(
        what=f"Remove the old log file {name}: {bytes_text(size)}",
        call=File("remove", path),
        effect="Its room is free.",
        blast_radius="Its lines are lost: copy it elsewhere first where they may be needed.",
        undo="none",
        check="`df` on the data directory",
        destructive=True,
        hits=name,
    )


def _slots(found: Findings, preconditions: dict[str, JSON]) -> list[Step]:
    """A slot nobody reads keeps log for ever; what it kept is removed by PostgreSQL itself."""
    facts = found[SLOTS].facts
    if cast("int", facts.get("retained_bytes", 0)) < KEPT_TOO_MUCH:
        return []
    made: list[Step] = []
    for slot in cast("list[str]", facts.get("inactive") or []):
        preconditions[f"replication slot {slot}"] = "inactive"
        made.append(
            Step(
                what=f"Drop the replication slot {slot}, which nobody reads",
                call=Sql(" ".join(statements.DROP_SLOT.split()), (slot,), admin=True),
                effect="PostgreSQL removes the log it kept for the slot at its next checkpoint.",
                blast_radius="The standby or backup the slot belonged to cannot catch up any more "
                "and has to be made anew.",
                undo="none",
                check="`central-config ops diagnose` shows no slot that holds back the log",
                destructive=True,
                hits=slot,
            )
        )
    return made


def _advice(found: Findings, where: Where) -> list[Step]:
    made: list[Step] = []
    if found[ARCHIVER].status is Status.BAD:
        text = f"central-config ops run archive-stuck ({found[ARCHIVER].summary})"
        made.append(steps.advice("Mend the archive: PostgreSQL keeps its log until then", text))
    use = found[disk_looks.USE]
    if use.status is Status.OK:
        text = (
            f"{use.summary}. Move backups and exports to another disk, or enlarge this one. "
            f"Never remove anything below {where.data_dir}/postgres: its log (pg_wal) is data"
        )
        made.append(steps.advice("Make room for good", text))
    return made


def in_cluster(found: Findings, where: Where) -> Draft:
    """Enlarge the volume of the database."""
    del where
    if not found.bad(disk_looks.VOLUME):
        return Draft()
    step, preconditions = in_kubernetes.grow_volume(found)
    return Draft(steps=(step,), preconditions=preconditions)


PLAYBOOK = Playbook(
    name="disk-full",
    title="The disk is full",
    symptoms=(
        '"No space left on device" in the log of PostgreSQL, which stops',
        "writes fail while reads go on from memory",
        "the alerts DiskAlmostFull or DiskFilling",
    ),
    alerts=("DiskAlmostFull", "DiskFilling"),
    probes=(
        Probe("disk", disk.probe),
        disk_looks.PROBE,
        *looks.WRITES_PROBES,
        Probe("database", database.probe),
        Probe("archive", archive.probe),
        Probe("api", api.probe),
        supervised.PROBE,
        disk_looks.VOLUME_PROBE,
        Probe("kubernetes", kubernetes.probe, where="kubernetes"),
    ),
    plan={"local": local, "kubernetes": in_cluster},
    healthy=(SPACE, looks.WRITES, "api.ready"),
    healthy_in_kubernetes=(disk_looks.VOLUME, looks.WRITES),
    notes=(
        (
            "On a full disk even `TRUNCATE` fails: what frees room needs some first. So `serve` "
            "lays a ballast file, and releasing it is the first step. No acknowledged write is "
            "lost by a full disk."
        ),
        (
            "The write-ahead log is never removed: it is data. It grows because an archive "
            "fails or a replication slot is not read; PostgreSQL removes it itself once that is "
            "mended."
        ),
    ),
    patience=90.0,
)
