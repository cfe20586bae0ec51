"""Looking at certificates, in files and as servers show them."""

import asyncio
import contextlib
import math
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import structlog
from cryptography import x509

from central_config.core.clock import Clock
from central_config.core.metrics import CERTIFICATE_EXPIRY
from central_config.operations.model.certificates import (
    DAYS_LEFT,
    Looked,
    Place,
    judge,
    unreached,
)

log = structlog.get_logger(__name__)

# Seconds for one connection with its handshake.
PATIENCE = 5.0
# A file larger than this holds something else (bytes).
_LARGEST = 1024 * 1024
# OpenSSL's number for a certificate that vouches for itself; `judge` has a remark on that.
_SELF_SIGNED = 18
# And for one that is not valid yet, and one that has expired; it may be that of an issuer.
_OF_TIME = (9, 10)


async def look(
    places: Sequence[Place],
    clock: Clock,
    *,
    days: int = DAYS_LEFT,
    trust: bool = True,
    patience: float = PATIENCE,
) -> list[Looked]:
    """Return what stands at each place, in their order; takes twice the patience at most.

    Args:
        places: files and servers.
        clock: the time.
        days: an end within so many is a problem.
        trust: connect to servers once more as a client does, which trusts what this machine trusts
            (SSL_CERT_FILE) and wants the host's name in the certificate.
        patience: seconds for one connection.
    """
    return list(
        await asyncio.gather(*(_look(each, clock, days, trust, patience) for each in places))
    )


async def _look(place: Place, clock: Clock, days: int, trust: bool, patience: float) -> Looked:  # noqa: FBT001
    endpoint = place.endpoint
    try:
        if endpoint is None:
            chain = await asyncio.to_thread(_in_file, Path(place.where))
            return judge(place, chain, clock.now(), days)
        chain = [await _shown(*endpoint, patience)]
        found = judge(place, chain, clock.now(), days)
        refusal = await _refusal(*endpoint, found, patience) if trust else None
    except (OSError, ValueError) as error:
        return unreached(place, _words(error))
    if refusal is None:
        return found
    return msgspec.structs.replace(found, problems=(*found.problems, refusal))


def _in_file(path: Path) -> list[x509.Certificate]:
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    try:
        if len(data) <= _LARGEST:
            return x509.load_pem_x509_certificates(data)
    except ValueError:
        pass
    message = "it holds no certificate in PEM form"
    raise ValueError(message)


async def _shown(host: str, port: int, patience: float) -> x509.Certificate:
    """Return the certificate a server shows, whether anybody trusts it or not.

    Raises:
        OSError: nobody answers, or not with TLS.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Nothing is sent on this connection: what is bad about the certificate is what we look for.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    data = await _handshake(host, port, context, patience)
    return x509.load_der_x509_certificate(data)


async def _refusal(host: str, port: int, found: Looked, patience: float) -> str | None:
    """Return why a client of this machine would refuse the server, unless it was found already."""
    context = await asyncio.to_thread(ssl.create_default_context)
    try:
        await _handshake(host, port, context, patience)
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == _SELF_SIGNED or (error.verify_code in _OF_TIME and found.problems):
            return None  # it has been said, with more words
        return f"clients refuse it: {error.verify_message}"
    except OSError as error:
        return f"the second connection failed: {_words(error)}"
    return None


async def _handshake(host: str, port: int, context: ssl.SSLContext, patience: float) -> bytes:
    async with asyncio.timeout(patience):
        _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
        try:
            shown: Any = writer.get_extra_info("ssl_object")
            return bytes(shown.getpeercert(binary_form=True))
        finally:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                await writer.wait_closed()


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error.strerror if isinstance(error, OSError) and error.strerror else error)


class CertificateWatch:
    """Measures the ends of certificates, beside everything else."""

    def __init__(self, places: Sequence[Place], clock: Clock) -> None:
        self._places = places
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        for place in places:
            CERTIFICATE_EXPIRY.labels(place.name).set(math.nan)

    async def keep(self) -> None:
        """Begin to measure, unless the last time is still at it; returns at once."""
        if self._places and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._measure(), name="certificates")

    async def stop(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _measure(self) -> None:
        for found in await look(self._places, self._clock, trust=False):
            if found.ends is not None:
                CERTIFICATE_EXPIRY.labels(found.name).set(found.ends.timestamp())
            else:
                # What was seen last still holds: a server that is down must not silence the alert.
                log.warning(
                    "certificate cannot be read", certificate=found.name, reason=found.problems[0]
                )
