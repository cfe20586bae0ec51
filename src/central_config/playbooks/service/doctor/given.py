"""Are the settings complete, and do they fit together?"""

from collections.abc import Iterator

from central_config.core.settings import Settings
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.world import World
from central_config.secrets.service import master_key


async def examine(world: World) -> list[Finding]:
    """Name what is missing; what is there was valid, or the command had not begun."""
    found = list(_missing(world.settings))
    if found:
        return found
    count = len(world.settings.model_fields_set)
    said = f"the settings are valid and complete ({count} are given)"
    return [Finding("settings.complete", Status.OK, said, {"given": count})]


def _missing(settings: Settings) -> Iterator[Finding]:
    if settings.database_url is None:
        said = "DATABASE_URL is not set, and `central-config serve` never ran here"
        yield Finding("settings.database_url", Status.BAD, said)
    if settings.redis_url is None:
        said = "REDIS_URL is not set: no background jobs, no warm starts, limits per replica"
        yield Finding("settings.redis_url", Status.WARNING, said)
    try:
        master_key(settings)
    except SystemExit as refusal:
        yield Finding("settings.master_key", Status.BAD, str(refusal))
    if settings.backup_repository is not None and settings.backup_passphrase is None:
        said = "BACKUP_REPOSITORY is set, BACKUP_PASSPHRASE is not: no backup can be made"
        yield Finding("settings.backup_passphrase", Status.BAD, said)
    if settings.admin_password is not None:
        said = "ADMIN_PASSWORD still stands in the settings; it is read once: take it out"
        yield Finding("settings.admin_password", Status.WARNING, said)
