"""`central-config backup`: create, list, verify, drill, prune, open."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from cyclopts import App, Parameter

from central_config.backups.commands import screen
from central_config.backups.commands.screen import Form
from central_config.backups.model import Backup
from central_config.backups.model.drills import Drill
from central_config.backups.model.errors import BackupFailedError, BackupRefusedError
from central_config.backups.model.retention import Keep
from central_config.backups.service.configuration import ConfigurationBackups
from central_config.backups.service.operating import Operating, is_physical, throwaway_server
from central_config.core.clock import SystemClock
from central_config.supervisor.binaries import find_postgres, postgres_version
from central_config.supervisor.errors import StartRefusedError

app = App(
    name="backup",
    help="Backups: create, list, verify, drill, prune.",
    help_format="markdown",
    default_parameter=Parameter(negative=()),
)

CreatedKind = Literal["export", "configuration", "full", "diff", "incr"]
Place = Literal["auto", "server", "throwaway"]


@app.command
def create(kind: CreatedKind = "export", /, *, output: Form = "table") -> int:
    """Make a backup in BACKUP_REPOSITORY, encrypted with BACKUP_PASSPHRASE.

    Args:
        kind: `export` is all of the database in one portable file; `configuration` is what stands
            beside it: settings, master key, readable values; `full`, `diff` and `incr` are
            physical backups by pgBackRest, where `serve` runs the database.
        output: `table` or `json`.
    """

    def act() -> int:
        made = screen.wait_for(_operating().create(kind))
        words = f"{made.label}  {screen.size(made.size_bytes)}  {made.location}"
        screen.show(made, output, [words])
        if output == "table":
            screen.say("it is written, not yet proven: central-config backup drill")
        return screen.WELL

    return screen.ended(act)


@app.command(name="list")
def list_(*, physical: bool = False, output: Form = "table") -> int:
    """List the backups in the repository, oldest first; asks no database.

    Args:
        physical: those of pgBackRest.
        output: `table` or `json`.
    """

    def act() -> int:
        operating = _operating()
        found: Sequence[Backup]
        strays: Sequence[str] = ()
        if physical:
            found = screen.wait_for(operating.physical.list())
        else:
            found, strays = operating.portable.list(), operating.portable.strays()
        if output == "json":
            screen.show(list(found), output, [])
        else:
            columns = ["label", "kind", "of", "size", "restored on"]
            screen.table(columns, (_row(each) for each in found))
        for label in strays:
            screen.say(f"{label}: its manifest is gone or cannot be read")
        return screen.NOT_WELL if strays else screen.WELL

    return screen.ended(act)


@app.command
def verify(label: str | None = None, /, *, physical: bool = False, output: Form = "table") -> int:
    """Read a backup from end to end: whether it is what was written. It is not restored.

    Args:
        label: the backup; by default the newest of the database.
        physical: the whole repository of pgBackRest.
        output: `table` or `json`.
    """

    def act() -> int:
        operating = _operating()
        if physical:
            seen = screen.wait_for(operating.physical.verify())
            screen.show(seen, output, [f"{seen.words}; not restored: central-config backup drill"])
            return screen.WELL if seen.ok else screen.NOT_WELL
        portable = operating.portable
        name = label or portable.newest()
        try:
            manifest = portable.verify(name)
        except BackupFailedError as problem:
            raise BackupFailedError(f"{name}: {problem}") from problem
        words = f"{name}: readable, every chunk as it was written; not restored"
        screen.show(manifest, output, [words])
        return screen.WELL

    return screen.ended(act)


@app.command
def drill(
    label: str | None = None,
    /,
    *,
    on: Place = "auto",
    physical: bool = False,
    output: Form = "table",
) -> int:
    """Restore a backup, look at what comes out, and delete it again: the only proof there is.

    Args:
        label: the backup; by default the newest of the database.
        on: `throwaway`: a PostgreSQL started for it; `server`: a database made beside the live
            one; `auto`: the first where PostgreSQL is installed, else the second.
        physical: the newest backup of pgBackRest.
        output: `table` or `json`.
    """

    def act() -> int:
        operating = _operating()
        if physical or (label is not None and is_physical(label)):
            found = screen.wait_for(operating.drill_physical())
        else:
            found = _drill(operating, label or operating.portable.newest(), on)
        screen.show(found, output, _told(found))
        return screen.WELL if found.ok else screen.NOT_WELL

    return screen.ended(act)


@app.command
def prune(
    *,
    keep_daily: int = 7,
    keep_weekly: int = 5,
    keep_monthly: int = 12,
    physical: bool = False,
    apply: bool = False,
    output: Form = "table",
) -> int:
    """Show which backups are no longer needed; with `--apply`, delete them.

    The newest of each of the last days, weeks and months stays, and always the newest that a
    drill has proven.

    Args:
        keep_daily: days.
        keep_weekly: weeks.
        keep_monthly: months.
        physical: those of pgBackRest, which keeps BACKUP_RETENTION_FULL full ones; only with
            `--apply`.
        apply: delete them.
        output: `table` or `json`.
    """

    def act() -> int:
        operating = _operating()
        if physical:
            if not apply:
                raise BackupRefusedError("pgBackRest shows nothing beforehand: add --apply")
            gone = list(screen.wait_for(operating.physical.prune()))
        else:
            keep = Keep(keep_daily, keep_weekly, keep_monthly)
            portable = operating.portable
            chosen = portable.prune(keep) if apply else portable.superfluous(keep)
            gone = [each.label for each in chosen]
        if apply:
            screen.wait_for(operating.pruned(gone, "physical" if physical else "portable"))
        verb = "deleted" if apply else "would be deleted"
        lines = [f"{each}: {verb}" for each in gone] or ["nothing to delete"]
        screen.show({"labels": gone, "deleted": apply}, output, lines)
        return screen.WELL

    return screen.ended(act)


@app.command(name="open")
def open_(label: str, directory: Path, /, *, master_key: bool = False) -> int:
    """Unpack a backup of the configuration into a new directory.

    Args:
        label: a backup of the kind `configuration`.
        directory: is made.
        master_key: write the master key there too, in clear.
    """

    def act() -> int:
        backups = ConfigurationBackups(_operating().portable)
        names = backups.open(label, directory, with_key=master_key)
        screen.show(names, "table", [str(directory / each) for each in names])
        return screen.WELL

    return screen.ended(act)


def _operating() -> Operating:
    return Operating(screen.settings(), SystemClock())


def _drill(operating: Operating, label: str, on: Place) -> Drill:
    settings = screen.settings()
    portable = operating.portable
    known = next((each for each in portable.list() if each.label == label), None)
    server = 0 if known is None else int(str(known.detail.get("server") or 0)) // 10_000
    if on == "auto":
        on = "server"
        try:
            if postgres_version(find_postgres(settings.postgres_bin)) >= server:
                on = "throwaway"
        except StartRefusedError:
            pass
    if on == "server":
        return screen.wait_for(operating.drill(label, None))
    with throwaway_server(settings, server) as url:
        return screen.wait_for(operating.drill(label, url))


def _told(found: Drill) -> Iterator[str]:
    for check in found.checks:
        yield f"{'ok' if check.ok else 'FAULT':5}  {check.name}: {check.words}"
    how = "can be restored" if found.ok else "CANNOT BE RELIED ON"
    yield f"{found.label} {how}; {found.seconds:.1f} s, restoring {found.restore_seconds:.1f} s"


def _row(backup: Backup) -> tuple[object, ...]:
    detail = backup.detail
    drilled = detail.get("drilled_at")
    passed = f"{drilled:%Y-%m-%d %H:%M}" if drilled else "never"
    if drilled and not detail.get("drill_passed"):
        passed += " FAILED"
    moment = f"{backup.started_at:%Y-%m-%d %H:%M:%S}Z"
    return backup.label, backup.kind, moment, screen.size(backup.size_bytes), passed
