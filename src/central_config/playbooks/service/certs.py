"""Reads the certificates that the settings name: `name=/path/to/file.pem` or `name=host:port`."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from central_config.playbooks.model.errors import UnreachableError


class Place(NamedTuple):
    """A certificate by its name: in a file, or shown by a server."""

    name: str
    where: str

    @property
    def is_file(self) -> bool:
        """Whether it is read from this machine's disk."""
        return self.where.startswith("/")


def places(setting: str) -> Iterator[Place]:
    """Yield what CERTIFICATES names."""
    for each in filter(None, (part.strip() for part in setting.split(","))):
        name, _, where = each.partition("=")
        yield Place(name.strip(), where.strip())


async def ends(place: Place, patience: float) -> float:
    """Return when a certificate ends (seconds since 1970); of a chain, its first to end.

    Raises:
        UnreachableError: the file or server is not there, or shows none.
    """
    try:
        if place.is_file:
            return end_of(Path(place.where).read_bytes())  # noqa: ASYNC240 - a small local file
        return await asyncio.to_thread(_shown, place.where, patience)
    except (OSError, ValueError) as error:
        raise UnreachableError(f"{place.where}: {error}") from error


def end_of(pem: bytes) -> float:
    """Return when the certificates of a PEM text end; the earliest counts.

    Raises:
        ValueError: it holds none.
    """
    found = x509.load_pem_x509_certificates(pem)
    return min(each.not_valid_after_utc.timestamp() for each in found)


def _shown(where: str, patience: float) -> float:
    """Return the end of what a server shows, also of one that has ended or is trusted by nobody."""
    host, _, port = where.rpartition(":")
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    address = (host.strip("[]"), int(port))
    with (
        socket.create_connection(address, timeout=patience) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        shown = secure.getpeercert(binary_form=True)
    if shown is None:
        raise ValueError("shows no certificate")
    return x509.load_der_x509_certificate(shown).not_valid_after_utc.timestamp()
