"""The installed version: what it is made of, its certificates, and whether it is one whole."""

from central_config import __version__
from central_config.core import migrations
from central_config.core.db import transaction
from central_config.core.json import JSON
from central_config.operations.model.certificates import Looked, places
from central_config.operations.model.reports import Section, Status
from central_config.operations.service import certificates as service
from central_config.operations.service import dependencies as parts
from central_config.operations.service.upkeep.ground import Ground


async def documentation(ground: Ground) -> Section:
    """Compare the schema with the one that this version and its documentation know."""
    async with transaction(ground.database) as connection:
        found = await migrations.current(connection)
    wanted = migrations.head()
    facts: dict[str, JSON] = {"version": __version__, "schema": found, "described": wanted}
    if found == wanted:
        words = f"version {__version__} and its documentation describe this schema ({found})"
        return Section("documentation", Status.OK, words, facts)
    words = f"the schema is {found}, version {__version__} and its documentation describe {wanted}"
    advice = ["finish the upgrade or the way back: every process should be of one version"]
    return Section("documentation", Status.WARNING, words, facts, advice)


async def certificates(ground: Ground) -> Section:
    """Look at every certificate that CERTIFICATES names."""
    name = "certificates"
    named = places(ground.settings.certificates)
    if not named:
        words = "CERTIFICATES names none: nobody looks at them here"
        return Section(name, Status.SKIPPED, words)
    found = await service.look(named, ground.clock)
    bad = [each for each in found if each.problems]
    words = "; ".join(_certificate(each) for each in found)
    facts: dict[str, JSON] = {
        each.name: {"days_left": each.days_left, "problems": list(each.problems)} for each in found
    }
    if not bad:
        return Section(name, Status.OK, words, facts)
    ended = any(each.days_left is not None and each.days_left < 0 for each in bad)
    status = Status.BAD if ended else Status.WARNING
    if not any(each.reached for each in bad):
        status = Status.UNKNOWN
    return Section(name, status, words, facts)


def _certificate(found: Looked) -> str:
    if found.problems:
        return f"{found.name}: {', '.join(found.problems)}"
    return f"{found.name} ends in {found.days_left} days"


async def dependencies(ground: Ground) -> Section:
    """Ask whether anything installed is known to be vulnerable; not audited is not a pass."""
    del ground
    name = "security updates"
    found = await parts.audit(parts.installed())
    faults = found.vulnerabilities
    facts: dict[str, JSON] = {
        "audit": found.status,
        "vulnerabilities": [
            {"package": each.package, "version": each.version, "id": each.id} for each in faults
        ],
    }
    if found.status == "clean":
        return Section(name, Status.OK, found.words, facts)
    if found.status == "not audited":
        advice = ["install pip-audit beside the worker, or audit the image where it is built"]
        return Section(name, Status.UNKNOWN, found.words, facts, advice)
    advice = [
        f"{each.package} {each.version}: {each.id}, fixed in {', '.join(each.fixed_in) or 'none'}"
        for each in faults
    ]
    return Section(name, Status.BAD, found.words, facts, advice)
