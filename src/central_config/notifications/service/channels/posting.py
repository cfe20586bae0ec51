"""POST to an address of the settings, and what its answer means for the message.

The addresses come from nowhere but the settings, and redirects are not followed: nobody who can
write a message or a target can choose whom this server speaks to. An address is a secret (Slack's
holds its token), so no error and no log line holds it or what a library says about it.
"""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx2

from central_config import __version__
from central_config.notifications.model import DeliveryError

_TIMEOUT = httpx2.Timeout(10, connect=5)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Refusals that may pass by themselves; a server's own faults (5xx) do as well.
_PASSING = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)


def check_url(url: str, setting: str, *, private: bool) -> None:
    """Refuse an address of a setting that cannot be posted to.

    `private`: it has to be https, but on this machine.

    Raises:
        DeliveryError: final.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    else:
        if parts.scheme == "https" and host:
            return
        if parts.scheme == "http" and host and (not private or host in _LOOPBACK):
            return
    form = "https://..." if private and host else "an address, https://..."
    raise DeliveryError(f"{setting} has to be {form}", final=True)


async def post(url: str, content: bytes, headers: Mapping[str, str]) -> None:
    """Send JSON and be content with any 2xx.

    Raises:
        DeliveryError: nobody answered, or the answer was a refusal.
    """
    sent = {
        "Content-Type": "application/json",
        "User-Agent": f"central-config/{__version__}",
        **headers,
    }
    try:
        async with (
            httpx2.AsyncClient(timeout=_TIMEOUT, follow_redirects=False) as client,
            # Not read: its status is all that is wanted of the answer.
            client.stream("POST", url, content=content, headers=sent) as answer,
        ):
            status = answer.status_code
    except httpx2.TransportError as error:
        # Its text may hold the address.
        raise DeliveryError(f"not reachable ({type(error).__name__})") from None
    if not HTTPStatus(HTTPStatus.OK) <= status < HTTPStatus.MULTIPLE_CHOICES:
        passing = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING
        raise DeliveryError(f"refused with HTTP status {status}", final=not passing)
