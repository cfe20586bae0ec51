"""Where backups are kept, and what keeps them unreadable to others."""

import ipaddress
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct
from typing_extensions import override

from central_config.backups.model.errors import BackupRefusedError
from central_config.core.settings import Settings

S3 = "s3://"
HTTPS_PORT = 443
SHORTEST_PASSPHRASE = 16  # characters
FEWEST_CHARACTERS = 8  # different ones


class Directory(Struct, frozen=True):
    """A directory of this machine, or one mounted on it."""

    path: Path

    @override
    def __str__(self) -> str:
        return str(self.path)


class Bucket(Struct, frozen=True, kw_only=True):
    """A place in an S3 store.

    Attributes:
        name: the bucket.
        prefix: begins every name in it; without slashes at its ends, may be empty.
        host: of the server, without port.
        port: of the server.
        own_server: whether it is not Amazon's, so buckets are part of the path, not of the name.
        region: of the bucket.
        key: access key.
        secret: secret key.
        ca_file: certificates the server's is checked with; None for the system's.
    """

    name: str
    prefix: str
    host: str
    port: int
    own_server: bool
    region: str
    key: str
    secret: str
    ca_file: Path | None

    @override
    def __str__(self) -> str:
        return f"{S3}{'/'.join(part for part in (self.name, self.prefix) if part)}"


Repository = Directory | Bucket


def repository(settings: Settings) -> Repository:
    """Return where BACKUP_REPOSITORY leads.

    Raises:
        BackupRefusedError: it is not set, or what belongs to it is not.
    """
    place = settings.backup_repository
    if not place:
        raise BackupRefusedError(
            "BACKUP_REPOSITORY is not set: name a directory, or s3://bucket/prefix"
        )
    if place.startswith(S3):
        return _bucket(place.removeprefix(S3), settings)
    if "://" in place:
        raise BackupRefusedError("BACKUP_REPOSITORY is neither a directory nor s3://bucket/prefix")
    path = Path(place)
    if not path.is_absolute():
        raise BackupRefusedError(f"BACKUP_REPOSITORY={place} is no absolute path")
    return Directory(path)


def passphrase(settings: Settings) -> str:
    """Return what encrypts backups.

    Raises:
        BackupRefusedError: it is not set, or easily guessed.
    """
    secret = settings.backup_passphrase
    text = "" if secret is None else secret.get_secret_value()
    if not text:
        raise BackupRefusedError(
            "BACKUP_PASSPHRASE is not set: backups are always encrypted; "
            "make one with `openssl rand -base64 32` and keep a copy away from this machine"
        )
    if len(text) < SHORTEST_PASSPHRASE or len(set(text)) < FEWEST_CHARACTERS:
        raise BackupRefusedError(
            f"BACKUP_PASSPHRASE is easily guessed: it needs {SHORTEST_PASSPHRASE} characters, "
            f"{FEWEST_CHARACTERS} different ones; make one with `openssl rand -base64 32`"
        )
    if text != text.strip() or not text.isprintable():
        raise BackupRefusedError(
            "BACKUP_PASSPHRASE begins or ends with a blank, or holds a control character"
        )
    return text


def _bucket(place: str, settings: Settings) -> Bucket:
    name, _, prefix = place.partition("/")
    if not name:
        raise BackupRefusedError("BACKUP_REPOSITORY names no bucket: s3://bucket/prefix")
    key, secret = settings.backup_s3_key, settings.backup_s3_secret
    if key is None or secret is None:
        raise BackupRefusedError("BACKUP_S3_KEY and BACKUP_S3_SECRET are needed for s3://")
    host, port = _server(settings)
    return Bucket(
        name=name,
        prefix=prefix.strip("/"),
        host=host,
        port=port,
        own_server=settings.backup_s3_endpoint is not None,
        region=settings.backup_s3_region,
        key=key.get_secret_value(),
        secret=secret.get_secret_value(),
        ca_file=settings.backup_s3_ca_file,
    )


def _server(settings: Settings) -> tuple[str, int]:
    endpoint = settings.backup_s3_endpoint
    if endpoint is None:
        return f"s3.{settings.backup_s3_region}.amazonaws.com", HTTPS_PORT
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port or HTTPS_PORT
    except ValueError as problem:
        raise BackupRefusedError(f"BACKUP_S3_ENDPOINT: {problem}") from problem
    if parts.scheme != "https" or not host:
        raise BackupRefusedError(
            "BACKUP_S3_ENDPOINT is not https://host or https://host:port; "
            "backups are sent over TLS only"
        )
    with suppress(ValueError):
        ipaddress.ip_address(host)
        raise BackupRefusedError(
            f"BACKUP_S3_ENDPOINT names the server by its address, {host}: pgBackRest checks "
            "certificates by name only; give it the server's name"
        )
    return host, port
