"""What ends soon: API keys of the workspace, and certificates that stand in values."""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from cryptography import x509

from central_config.access.model import ApiKey
from central_config.assistant.model.advice.advice import Advice
from central_config.assistant.model.advice.ground import Ground
from central_config.configurations.model.cells import Site
from central_config.core.json import decode

# So long before its end somebody is told.
SOON = timedelta(days=30)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.{1,16000}?)-----END CERTIFICATE-----", re.DOTALL)
_MARK = b"-----BEGIN CERTIFICATE-----"


def keys(found: Sequence[ApiKey], now: datetime) -> Iterator[Advice]:
    """Tell of keys that end soon, or have ended lately, and that nothing takes the place of."""
    for key in found:
        if key.expires_at is None or key.revoked_at is not None or key.successor is not None:
            continue
        if not now - SOON <= key.expires_at <= now + SOON:
            continue
        ended = "ended" if key.expires_at <= now else "ends"
        used = "was never used" if key.last_used is None else f"was last used {_day(key.last_used)}"
        yield Advice(
            kind="expiring-key",
            title=f"the API key {key.name} ({key.prefix}...) {ended} {_day(key.expires_at)}",
            effect=f"It {used}. `ccfg key rotate {key.id}` makes its successor, with an overlap.",
            about=str(key.id),
            needs="key.manage",
            rank=-key.expires_at.timestamp(),
        )


def certificates(ground: Ground, now: datetime) -> Iterator[Advice]:
    """Tell of certificates in values; a certificate is public also where its value is secret."""
    for environment_id in ground.topology.by_id:
        for key, cell in sorted(ground.state.layer(environment_id).items()):
            if _MARK not in cell.body or cell.marked:
                continue
            site = Site(environment_id, key)
            end = _end(decode(cell.body))
            if ground.state.served(site) is None or end is None or end > now + SOON:
                continue
            ended = "ended" if end <= now else "ends"
            here = ground.slug(environment_id)
            yield Advice(
                kind="expiring-certificate",
                title=f"a certificate in {key} of {here} {ended} {_day(end)}",
                effect="Set a new one; connections that trust it fail from then on.",
                places=(site,),
                rank=-end.timestamp(),
            )


def _end(value: object) -> datetime | None:
    """Return when the first certificate of a text ends that does."""
    if not isinstance(value, str):
        return None
    ends: list[datetime] = []
    for block in _PEM.findall(value):
        try:
            der = base64.b64decode("".join(block.split()), validate=True)
            ends.append(x509.load_der_x509_certificate(der).not_valid_after_utc)
        except (ValueError, binascii.Error):
            continue
    return min(ends, default=None)


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
