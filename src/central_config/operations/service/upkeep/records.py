"""What must outlive everything: the audit log's old months, backups that were restored."""

from datetime import datetime, timedelta

from central_config.audit.service.retention import Retention
from central_config.backups.service.catalogue import Catalogue
from central_config.core.json import JSON
from central_config.operations.model.reports import Section, Status
from central_config.operations.model.texts import time_text
from central_config.operations.service.upkeep.ground import Ground

# As the alerts BackupTooOld and RestoreDrillTooOld have it.
_BACKUP_WITHIN, _DRILL_WITHIN = timedelta(hours=26), timedelta(days=35)


async def retention(ground: Ground) -> Section:
    """Take months past retention out of the audit log: exported, verified, sealed, dropped."""
    name = "audit retention"
    found = await Retention.of(ground.database, ground.settings, ground.clock).run()
    facts: dict[str, JSON] = {
        "due": list(found.due),
        "sealed": [each.month for each in found.sealed],
    }
    words = f"{len(found.sealed)} of {len(found.due)} months past retention were sealed"
    if found.held is not None:
        status = Status.BAD if found.held.fault else Status.OK
        words += f"; {found.held.partition} stays: {found.held.reason}"
        return Section(name, status, words, facts)
    if found.note and found.due:
        advice = ["set AUDIT_ARCHIVE_DIR to a place that is backed up"]
        return Section(name, Status.WARNING, f"{words}; {found.note}", facts, advice)
    return Section(name, Status.OK, f"{words}; {found.note}" if found.note else words, facts)


async def backups(ground: Ground) -> Section:
    """Tell how old the last backups are, and when one was restored: only that counts as good."""
    name = "backups"
    if ground.settings.backup_repository is None:
        words = "BACKUP_REPOSITORY is not set: nothing of this service makes backups"
        advice = ["set BACKUP_REPOSITORY, or be sure that somebody else restores backups"]
        return Section(name, Status.SKIPPED, words, {}, advice)
    last = await Catalogue(ground.database, ground.clock).last_times()
    found = [
        _age(ground, "database", last.database, _BACKUP_WITHIN),
        _age(ground, "configuration", last.configuration, _BACKUP_WITHIN),
        _age(ground, "restore drill", last.drill, _DRILL_WITHIN),
    ]
    late = [words for words, good in found if not good]
    facts: dict[str, JSON] = {
        what: None if moment is None else moment.isoformat()
        for what, moment in (
            ("database", last.database),
            ("configuration", last.configuration),
            ("drill", last.drill),
        )
    }
    words = ", ".join(words for words, _ in found)
    if late:
        advice = ["central-config backup create", "central-config backup drill"]
        return Section(name, Status.BAD, f"{words}; too old: {', '.join(late)}", facts, advice)
    return Section(name, Status.OK, words, facts)


def _age(ground: Ground, what: str, moment: datetime | None, within: timedelta) -> tuple[str, bool]:
    if moment is None:
        return f"{what} never", False
    age = ground.clock.now() - moment
    return f"{what} {time_text(age.total_seconds())} ago", age <= within
