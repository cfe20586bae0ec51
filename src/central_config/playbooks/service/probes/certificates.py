"""Certificates: when do those that the settings name end?"""

import asyncio
import time

from central_config.core.json import JSON
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.certs import Place, ends, places
from central_config.playbooks.service.probes.looking import age_text
from central_config.playbooks.service.world import World

_DAY = 86_400.0
# As the alerts: three weeks to renew, three days are an emergency.
SOON, NOW = 21 * _DAY, 3 * _DAY


async def probe(world: World) -> list[Finding]:
    """Read every file and ask every server, side by side."""
    named = list(places(world.settings.certificates))
    if not named:
        return [Finding("certificates", Status.SKIPPED, "CERTIFICATES names none to look after")]
    return list(await asyncio.gather(*[_one(each, world.patience) for each in named]))


async def _one(place: Place, patience: float) -> Finding:
    try:
        return judge(place.name, await ends(place, patience), time.time(), place.where)
    except UnreachableError as error:
        return Finding(f"certificates.{place.name}", Status.UNKNOWN, str(error))


def judge(name: str, ends_at: float, now: float, where: str = "") -> Finding:
    """Return what the end of a certificate (seconds since 1970) means."""
    left = ends_at - now
    facts: dict[str, JSON] = {"name": name, "where": where, "ends": ends_at, "seconds_left": left}
    check = f"certificates.{name}"
    if left <= 0:
        said = f"the certificate of {name} ended {age_text(-left)} ago"
        return Finding(check, Status.BAD, said, facts)
    said = f"the certificate of {name} is good for {age_text(left)}"
    status = Status.BAD if left < NOW else Status.WARNING if left < SOON else Status.OK
    return Finding(check, status, said, facts)
