"""How pgBackRest is told what to do, and what it answers."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct, field

from central_config.backups.model import Backup, Kind
from central_config.backups.model.errors import BackupFailedError
from central_config.backups.model.repository import Bucket, Directory, Repository

STANZA = "central-config"
SUBPLACE = "physical"  # below the repository's own place; portable backups stand beside it
# pgBackRest's own exit codes.
VERSION_NOT_SUPPORTED, LOCKED = 46, 50
# Status of a stanza that is not there, and of one that could not be looked at.
MISSING, OTHER_TROUBLE = 1, 99
# Seconds. A server that does not answer is given up after this; the default of a minute, three
# times over, is what makes a fast shutdown hang while the archive cannot be reached.
IO_TIMEOUT = 10
# Seconds a backup waits for the segments it needs to arrive in the archive.
ARCHIVE_TIMEOUT = 60
# Log that waits to be archived, beyond which segments are given up (see `archiving`).
LONGEST_QUEUE = "8GiB"
_ERROR = re.compile(r"^(?:P\d+\s+)?(?:ERROR: \[\d+\]:|WARN:) *(?P<words>.*)$", re.MULTILINE)
_HINTS = 2  # that are told; the first ones are about the matter
# What decrypting with another passphrase ends in.
_UNREADABLE = ("CryptoError", "key/value found outside of section")
# Of `verify`: a backup and how it is, the segments of the log and how many are well, and the whole.
_BACKUP = re.compile(r"^ *backup: (?P<label>\S+), status: (?P<status>[^,\n]+)", re.MULTILINE)
_LOG = re.compile(
    r"^ *archiveId: .*total WAL checked: (?P<all>\d+), total valid WAL: (?P<valid>\d+)",
    re.MULTILINE,
)
_WELL = re.compile(r"^ *status: ok$", re.MULTILINE)


class Work(NamedTuple):
    """The places pgBackRest works in, and the server it works for."""

    directory: Path
    cluster: Path
    sockets: Path
    superuser: str


def configuration(place: Repository, passphrase: str, retention: int, work: Work) -> str:
    """Return pgBackRest's configuration file. It holds secrets."""
    common = {
        **_location(place, work),
        "repo1-cipher-type": "aes-256-cbc",
        "repo1-cipher-pass": passphrase,
        "repo1-retention-full": str(retention),
        "repo1-bundle": "y",
        "compress-type": "zst",
        "process-max": "2",
        "start-fast": "y",
        "io-timeout": str(IO_TIMEOUT),
        "archive-timeout": str(ARCHIVE_TIMEOUT),
        "archive-push-queue-max": LONGEST_QUEUE,
        "lock-path": str(work.directory / "lock"),
        "spool-path": str(work.directory / "spool"),
        "log-path": str(work.directory / "log"),
        "log-level-file": "off",
        "log-level-console": "warn",
        "log-level-stderr": "off",
        "log-timestamp": "n",
    }
    server = {
        "pg1-path": str(work.cluster),
        "pg1-socket-path": str(work.sockets),
        "pg1-user": work.superuser,
        "pg1-database": "postgres",
    }
    return f"[global]\n{_lines(common)}\n[{STANZA}]\n{_lines(server)}"


def _location(place: Repository, work: Work) -> Mapping[str, str]:
    if isinstance(place, Directory):
        return {"repo1-type": "posix", "repo1-path": str(place.path / SUBPLACE)}
    found = {
        "repo1-type": "s3",
        "repo1-path": f"/{'/'.join(part for part in (place.prefix, SUBPLACE) if part)}",
        "repo1-s3-bucket": place.name,
        "repo1-s3-endpoint": place.host,
        "repo1-s3-region": place.region,
        "repo1-s3-key": place.key,
        "repo1-s3-key-secret": place.secret,
        "repo1-s3-uri-style": "path" if place.own_server else "host",
        "repo1-storage-port": str(place.port),
        "repo1-storage-verify-tls": "y",
    }
    if place.ca_file is not None:
        found["repo1-storage-ca-file"] = str(authorities(work.directory))
    return found


def authorities(directory: Path) -> Path:
    """Return where the certificates of BACKUP_S3_CA_FILE are copied to, readable to pgBackRest."""
    return directory / "authorities.pem"


def _lines(options: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in options.items())


def location(place: Repository, label: str) -> str:
    """Return where a backup is, for a person."""
    inside = f"{SUBPLACE}/backup/{STANZA}/{label}"
    if isinstance(place, Bucket):
        return f"{place}/{inside}"
    return str(place.path / inside)


def complaint(said: str) -> str:
    """Return what went wrong by pgBackRest's own words, in one line."""
    found = [match["words"].strip() for match in _ERROR.finditer(said)]
    if any(sign in said for sign in _UNREADABLE):
        found.append(
            "what is there cannot be read with this BACKUP_PASSPHRASE: it is not the one the "
            "repository was begun with, or the file is damaged"
        )
    hints = [line.strip() for line in said.splitlines() if line.strip().startswith("HINT:")]
    words = list(dict.fromkeys([*found, *hints[:_HINTS]]))
    return "; ".join(words) or said.strip()[-500:] or "it said nothing"


class _Moments(Struct):
    start: int
    stop: int


class _Sizes(Struct):
    delta: int


class _Stored(Struct):
    size: int = 0
    repository: _Sizes = field(default_factory=lambda: _Sizes(0))


class _Segments(Struct):
    start: str | None = None
    stop: str | None = None


class _Entry(Struct):
    label: str
    type: Kind
    timestamp: _Moments
    info: _Stored
    archive: _Segments
    error: bool | None = None
    reference: list[str] | None = None


class _Status(Struct):
    code: int
    message: str


class _Archive(Struct):
    id: str
    min: str | None = None
    max: str | None = None


class _Stanza(Struct):
    name: str
    status: _Status
    backup: list[_Entry]
    archive: list[_Archive]


class Contents(NamedTuple):
    """What a repository holds: how it is, its backups (oldest first) and the end of its log.

    `status` is pgBackRest's, 0 when all is well, 2 when there is no backup yet. `last_segment` is
    the last piece of the server's log in the archive.
    """

    status: int
    message: str
    backups: Sequence[Backup]
    last_segment: str | None


def read_info(answer: str, place: Repository) -> Contents:
    """Return what `pgbackrest info --output=json` tells.

    Raises:
        BackupFailedError: it cannot read the repository, or says what is not understood.
    """
    try:
        stanzas = msgspec.json.decode(answer, type=list[_Stanza])
    except msgspec.DecodeError as problem:  # it quotes what it could not decrypt
        raise BackupFailedError(f"the repository cannot be read: {complaint(answer)}") from problem
    found = next((each for each in stanzas if each.name == STANZA), None)
    if found is None:
        return Contents(MISSING, "the repository knows nothing of this installation", (), None)
    if found.status.code == OTHER_TROUBLE:
        raise BackupFailedError(f"the repository cannot be read: {complaint(answer)}")
    segments = [each.max for each in found.archive if each.max is not None]
    return Contents(
        found.status.code,
        found.status.message,
        tuple(_backup(each, place) for each in found.backup),
        max(segments, default=None, key=lambda name: name[:24]),
    )


def _backup(entry: _Entry, place: Repository) -> Backup:
    return Backup(
        label=entry.label,
        method="physical",
        kind=entry.type,
        started_at=datetime.fromtimestamp(entry.timestamp.start, UTC),
        finished_at=datetime.fromtimestamp(entry.timestamp.stop, UTC),
        size_bytes=entry.info.repository.delta,
        location=location(place, entry.label),
        encrypted=True,
        detail={
            "database_bytes": entry.info.size,
            "rests_on": list(entry.reference or ()),
            "first_segment": entry.archive.start,
            "last_segment": entry.archive.stop,
            "page_errors": entry.error,
        },
    )


def faults(said: str, labels: Sequence[str]) -> str:
    """Return what a verbose `pgbackrest verify` found wrong, in words; empty when all is well.

    Its exit code is 0 in any case, and a backup it does not speak of was not looked at.
    """
    status = {match["label"]: match["status"] for match in _BACKUP.finditer(said)}
    wrong = [
        f"backup {label} is {status.get(label, 'not verified')}"
        for label in labels
        if status.get(label) != "valid"
    ]
    for match in _LOG.finditer(said):
        bad = int(match["all"]) - int(match["valid"])
        if bad:
            wrong.append(f"{bad} of {match['all']} segments of the log are not whole")
    if not wrong and not _WELL.search(said):
        wrong.append("pgBackRest does not say that all is well")
    return "; ".join(wrong)
