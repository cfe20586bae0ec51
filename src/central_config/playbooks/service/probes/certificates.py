"""Certificates: when do those that the settings name end?"""

import time

from cryptography import x509

from central_config.core.clock import SystemClock
from central_config.core.json import JSON
from central_config.operations.model.certificates import Looked, places
from central_config.operations.service.certificates import look
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.probes.looking import age_text
from central_config.playbooks.service.world import World

_DAY = 86_400.0
# As the alerts: three weeks to renew, three days are an emergency.
SOON, NOW = 21 * _DAY, 3 * _DAY


async def probe(world: World) -> list[Finding]:
    """Read every file and ask every server, side by side."""
    named = places(world.settings.certificates)
    if not named:
        return [Finding("certificates", Status.SKIPPED, "CERTIFICATES names none to look after")]
    # Only when they end is asked here, also of what nobody trusts.
    found = await look(named, SystemClock(), trust=False, patience=world.patience)
    return [_told(each) for each in found]


def _told(found: Looked) -> Finding:
    if found.ends is None:
        said = f"{found.where}: {', '.join(found.problems)}"
        return Finding(f"certificates.{found.name}", Status.UNKNOWN, said)
    return judge(found.name, found.ends.timestamp(), time.time(), found.where)


def end_of(pem: bytes) -> float:
    """Return when the certificates of a PEM text end (seconds since 1970); the earliest counts.

    Raises:
        ValueError: it holds none.
    """
    found = x509.load_pem_x509_certificates(pem)
    return min(each.not_valid_after_utc.timestamp() for each in found)


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
