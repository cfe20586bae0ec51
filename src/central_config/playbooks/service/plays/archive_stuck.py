"""PostgreSQL cannot archive its log: a restore to a moment ends there, and the disk fills."""

from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from central_config.core.json import JSON
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Findings, Status
from central_config.playbooks.model.plans import Draft, Step
from central_config.playbooks.service.playbook import Playbook, Where
from central_config.playbooks.service.plays import steps
from central_config.playbooks.service.plays.asking import rows, sql_call
from central_config.playbooks.service.probes import archive, disk
from central_config.playbooks.service.probes.looking import Probe, bytes_text, level
from central_config.playbooks.service.world import World
from central_config.playbooks.store import questions

ARCHIVER, WAITING, REPOSITORY = "database.archiver", "archive.waiting", "archive.repository"
# Segments of 16 MiB that wait.
_SOME, _MANY = 10, 100
_SERVED = 500


async def archiver(world: World) -> list[Finding]:
    """Ask how archiving goes, and how much waits for it."""
    return [archive.judge((await rows(world, questions.ARCHIVER))[0]), await _waiting(world)]


async def _waiting(world: World) -> Finding:
    try:
        row = (await rows(world, questions.ARCHIVE_WAITING))[0]
    except UnreachableError as error:
        said = f"what waits cannot be counted (pg_monitor is needed): {error}"
        return Finding(WAITING, Status.UNKNOWN, said)
    waiting = int(row["waiting"])
    facts: dict[str, JSON] = {"segments": waiting, "log_bytes": int(row["log_bytes"])}
    said = f"{waiting} segments wait to be archived, the log takes {bytes_text(row['log_bytes'])}"
    return Finding(WAITING, level(waiting, _SOME, _MANY), said, facts)


async def repository(world: World) -> list[Finding]:
    """See whether the place the archive goes to is there."""
    place = world.settings.backup_repository
    if place is None:
        said = "BACKUP_REPOSITORY is not set: something else archives, see archive_command"
        return [Finding(REPOSITORY, Status.SKIPPED, said)]
    if not place.startswith("s3://"):
        return [_directory(Path(place))]
    endpoint = world.settings.backup_s3_endpoint
    if endpoint is None:
        return [Finding(REPOSITORY, Status.SKIPPED, "Amazon's own S3: see its status page")]
    # Whoever asks without a signature is refused; that is an answer.
    try:
        answer = await world.http(endpoint)
    except UnreachableError as error:
        return [Finding(REPOSITORY, Status.BAD, f"the repository does not answer: {error}")]
    host = urlsplit(endpoint).hostname
    status = Status.OK if answer.status < _SERVED else Status.BAD
    return [Finding(REPOSITORY, status, f"{host} answers ({answer.status})")]


def _directory(place: Path) -> Finding:
    if not place.is_dir():
        said = f"{place} is not there: is the disk mounted?"
        return Finding(REPOSITORY, Status.BAD, said)
    return Finding(REPOSITORY, Status.OK, f"{place} is there")


def plan(found: Findings, where: Where) -> Draft:
    """Name the likely cause; then have PostgreSQL try again at once."""
    if found[ARCHIVER].status is Status.SKIPPED or not found.bad(ARCHIVER):
        return Draft()
    made = [_cause(found)]
    if found.bad("disk.space"):
        made.append(steps.advice("Make room first", "central-config ops run disk-full"))
    made += [_reload(where), _switch(where)]
    return Draft(steps=tuple(made), preconditions={"archive_mode": _mode(found)})


def _mode(found: Findings) -> str:
    return str(cast("str", found[ARCHIVER].facts.get("mode", "")))


def _cause(found: Findings) -> Step:
    where_to_look = (
        "DATA_DIR/log/postgres.log says why (`archive command failed`). Refused (403, expired): the"
        " repository's key or certificate. Timed out: network, or the repository itself. Full:"
        " prune old backups. `archive_command` changed by hand (SHOW archive_command; ALTER SYSTEM"
        " RESET archive_command): restart the service. Never delete from pg_wal"
    )
    if found.bad(REPOSITORY):
        where_to_look = f"{found[REPOSITORY].summary}. {where_to_look}"
    return steps.advice("Mend what keeps the archive from being written", where_to_look)


def _reload(where: Where) -> Step:
    return Step(
        what="Have PostgreSQL read its settings again",
        call=sql_call(where, "SELECT pg_reload_conf()"),
        effect="A changed archive_command counts from now on.",
        blast_radius="Nobody notices.",
        undo="change the settings back and reload again",
        check="SHOW archive_command",
    )


def _switch(where: Where) -> Step:
    return Step(
        what="Close the present segment of the log, so that archiving is tried at once",
        call=sql_call(where, "SELECT pg_switch_wal()::text"),
        effect="PostgreSQL archives what waits, oldest first, and then the closed segment.",
        blast_radius="Nobody notices; up to 16 MiB of log are padded.",
        undo="none needed",
        check="last_archived_time in pg_stat_archiver moves",
    )


PLAYBOOK = Playbook(
    name="archive-stuck",
    title="The log is not archived",
    symptoms=(
        "`failed_count` in pg_stat_archiver grows, segments pile up in pg_wal",
        "a fast shutdown of PostgreSQL hangs for minutes",
        "the alert ArchiverFailing",
    ),
    alerts=("ArchiverFailing",),
    probes=(
        Probe("archiver", archiver, question="Does archiving fail, and how much waits for it?"),
        Probe("repository", repository, question="Is the repository there?"),
        Probe("disk", disk.probe, question="How long will the disk hold what waits?"),
        Probe("archiver", archiver, where="kubernetes", question="Does archiving fail?"),
    ),
    plan={"local": plan, "kubernetes": plan},
    healthy=(ARCHIVER,),
    strict=(ARCHIVER,),
    notes=(
        (
            "Commonly seen, wrong because it destroys the cluster: deleting files below `pg_wal` to"
            " make room. They are the only copy of what was acknowledged. Make room elsewhere, with"
            " the playbook [disk-full](disk-full.md)."
        ),
        (
            "What waits is archived by itself once the repository is back; a recovery to a moment"
            " within the outage works afterwards, unless segments were let go (pgBackRest's"
            " `archive-push-queue-max`): then take a full backup at once."
        ),
    ),
    patience=90.0,
)
