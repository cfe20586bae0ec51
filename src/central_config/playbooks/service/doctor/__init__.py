"""Examines an installation before it is trusted: settings, rights, room, keys, backups.

`examine` returns findings like a diagnosis, each with the page that says what to do (`PAGES`).
"""

from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.model.runs import Exit
from central_config.playbooks.service.doctor import accounts, database, given, machine
from central_config.playbooks.service.probes import backups, clock, configuration, redis
from central_config.playbooks.service.probes.looking import Probe, look_with
from central_config.playbooks.service.world import World

__all__ = ["PAGES", "examine", "exit_code", "page_of"]

# Seconds for all of it.
WITHIN = 15.0

# Where the documentation tells what to do, by the beginning of a check; below `docs`.
PAGES = {
    "settings": "reference/settings.md",
    "configuration": "reference/settings.md",
    "configuration.trusted_proxies": "how-to/run-in-production-without-containers.md",
    "configuration.database_tls": "how-to/use-an-external-database-and-redis.md",
    "configuration.redis": "how-to/use-an-external-database-and-redis.md",
    "configuration.master_key": "how-to/manage-secrets-and-the-master-key.md",
    "configuration.metrics": "how-to/monitor.md",
    "database": "how-to/use-an-external-database-and-redis.md",
    "rights": "how-to/use-an-external-database-and-redis.md",
    "schema": "how-to/run-in-production-without-containers.md",
    "pooler": "how-to/use-an-external-database-and-redis.md",
    "redis": "how-to/use-an-external-database-and-redis.md",
    "master_key": "how-to/manage-secrets-and-the-master-key.md",
    "machine": "how-to/run-in-production-without-containers.md",
    "disk": "how-to/run-in-production-without-containers.md",
    "clock": "how-to/run-in-production-without-containers.md",
    "backups": "how-to/back-up.md",
    "administrator": "explanation/security-model.md",
}


async def examine(world: World, replicas: int = 1) -> list[Finding]:
    """Return what there is to say of an installation with this many API processes."""

    async def of_database(each: World) -> list[Finding]:
        return await database.examine(each, replicas)

    parts = (
        Probe("settings", given.examine),
        Probe("configuration", configuration.probe),
        Probe("database", of_database),
        Probe("pooler", database.poolers),
        Probe("master_key", accounts.master_key_fits),
        Probe("administrator", accounts.administrator),
        Probe("redis", redis.probe),
        Probe("machine", machine.examine),
        Probe("clock", clock.probe),
        Probe("backups", backups.probe),
    )
    return await look_with(parts, world, WITHIN)


def page_of(check: str) -> str:
    """Return the page about a check, below `docs`; that of the longest beginning that fits."""
    fitting = [each for each in PAGES if check.startswith(each)]
    return PAGES[max(fitting, key=len)] if fitting else "runbook/index.md"


def exit_code(findings: list[Finding], *, strict: bool = False) -> Exit:
    """Return how a command ends: 1 something is bad, 3 something could not be told, else 0.

    `strict`: a warning counts as bad.
    """
    found = {each.status for each in findings}
    if Status.BAD in found or (strict and Status.WARNING in found):
        return Exit.NOT_FIXED
    return Exit.UNKNOWN if Status.UNKNOWN in found or not found else Exit.FIXED
