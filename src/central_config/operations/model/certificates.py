"""Certificates: what one says, and what is wrong with a chain of them. No I/O."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature

# What renews certificates does so at 30 days; the alert is at this, too.
DAYS_LEFT = 21

_PORT = re.compile(r"(?:\[(?P<literal>[^\]]+)\]|(?P<host>[^/:]+)):(?P<port>\d{1,5})")


class Place(NamedTuple):
    """A certificate to look after: a name, and a file's path or `host:port`."""

    name: str
    where: str

    @property
    def endpoint(self) -> tuple[str, int] | None:
        """Host and port; None for a file."""
        found = _PORT.fullmatch(self.where)
        if found is None:
            return None
        return found["literal"] or found["host"], int(found["port"])


def places(text: str) -> list[Place]:
    """Return what the setting CERTIFICATES names.

    Raises:
        ValueError: a part of it is not `name=place`.
    """
    found: list[Place] = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, equals, where = (each.strip() for each in part.partition("="))
        if not (name and equals and where):
            message = f"{part!r}: write NAME=FILE or NAME=HOST:PORT"
            raise ValueError(message)
        found.append(Place(name, where))
    return found


class Certificate(msgspec.Struct, frozen=True):
    """What one certificate says."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    """For which hosts and addresses it is good (subject alternative names)."""
    begins: datetime
    ends: datetime
    self_signed: bool


class Looked(msgspec.Struct, frozen=True):
    """What was found at a place.

    `certificates` are the server's own first, empty where nothing could be read. `ends` is the
    first end among them. `problems` break clients now or soon; `remarks` are for people to judge.
    """

    name: str
    where: str
    certificates: tuple[Certificate, ...] = ()
    ends: datetime | None = None
    days_left: int | None = None
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    reached: bool = True


def judge(
    place: Place, chain: Sequence[x509.Certificate], now: datetime, days: int = DAYS_LEFT
) -> Looked:
    """Return what a chain of certificates comes to, the server's own first."""
    own, *others = read = [_read(each) for each in chain]
    # Nobody looks at the end of a root that stands in the file: clients have their own.
    counted = read[:-1] if others and others[-1].self_signed else read
    ends = min(each.ends for each in counted)
    problems = [words for each in counted for words in _of_time(each, now, days)]
    problems += _of_chain(chain)
    remarks = [] if own.names else ["it names no host (subject alternative name)"]
    if own.self_signed:
        remarks.append("self-signed: only clients that were given it trust it")
    return Looked(
        place.name,
        place.where,
        tuple(read),
        ends,
        (ends - now) // timedelta(days=1),
        tuple(problems),
        tuple(remarks),
    )


def unreached(place: Place, reason: str) -> Looked:
    """Return that nothing could be read."""
    return Looked(place.name, place.where, problems=(reason,), reached=False)


def _of_time(found: Certificate, now: datetime, days: int) -> Iterator[str]:
    if now < found.begins:
        yield f"{found.subject}: not valid before {found.begins:%Y-%m-%d %H:%M} UTC"
    if found.ends <= now:
        yield f"{found.subject}: expired on {found.ends:%Y-%m-%d %H:%M} UTC"
    elif found.ends <= now + timedelta(days=days):
        left = (found.ends - now) // timedelta(days=1)
        yield f"{found.subject}: ends in {left} days, on {found.ends:%Y-%m-%d}"


def _of_chain(chain: Sequence[x509.Certificate]) -> Iterator[str]:
    for number, (each, issuer) in enumerate(pairwise(chain), start=1):
        try:
            each.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            yield f"certificate {number} was not issued by the one behind it"


def _read(certificate: x509.Certificate) -> Certificate:
    return Certificate(
        subject=certificate.subject.rfc4514_string() or "(no subject)",
        issuer=certificate.issuer.rfc4514_string(),
        names=tuple(_names(certificate)),
        begins=certificate.not_valid_before_utc,
        ends=certificate.not_valid_after_utc,
        self_signed=_self_signed(certificate),
    )


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    hosts = found.get_values_for_type(x509.DNSName)
    return [*hosts, *(str(each) for each in found.get_values_for_type(x509.IPAddress))]


def _self_signed(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
