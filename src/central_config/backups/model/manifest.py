"""What stands beside an encrypted backup: what is in it, and how to see that it is all there.

The manifest is readable without the passphrase, so that backups can be listed wherever they are;
it holds numbers and ids, no names and no values. Its signature is checked with the passphrase.
"""

import hmac
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct, field

from central_config.backups.model import Backup
from central_config.backups.model.container import BackupBrokenError, Header
from central_config.core.json import encode_sorted

FORM = 1
SUFFIX = ".ccbackup"

PortableKind = Literal["export", "configuration"]


class Facts(Struct, frozen=True, kw_only=True):
    """What a database holds, in numbers: two of the same content have equal facts.

    Attributes:
        heads: the last revision of each workspace.
        counts: rows of each table.
        chains: the end of each audit chain: its sequence number and its hash (hexadecimal).
        schema: the migration it is at.
        server: version of PostgreSQL, as `server_version_num`.
        extensions: those beside `plpgsql`.
        grantees: roles, other than the owner, that may do something with its tables.
    """

    heads: dict[str, int]
    counts: dict[str, int]
    chains: dict[str, tuple[int, str]]
    schema: str
    server: int
    extensions: list[str] = field(default_factory=list[str])
    grantees: list[str] = field(default_factory=list[str])


class Manifest(Struct, frozen=True, kw_only=True):
    """What is said of one backup.

    `plain_bytes` counts what was encrypted; `size_bytes` and `sha256` are of the whole file.
    `facts` is None for a configuration. `programs` are versions by name.
    """

    form: int = FORM
    label: str
    kind: PortableKind
    started_at: datetime
    finished_at: datetime
    size_bytes: int
    plain_bytes: int
    sha256: str
    database: str
    programs: dict[str, str]
    facts: Facts | None = None


class Drilled(Struct, frozen=True, kw_only=True):
    """That a backup was restored and compared: the only proof that it can be."""

    at: datetime
    passed: bool
    sha256: str
    words: str


class _Signed(Struct, frozen=True):
    manifest: Manifest
    signature: str


def sign(manifest: Manifest, header: Header) -> bytes:
    """Return the manifest as it is stored."""
    return encode_sorted(_Signed(manifest, _signature(manifest, header))) + b"\n"


def read(data: bytes) -> Manifest:
    """Return a stored manifest, without checking whose it is.

    Raises:
        BackupBrokenError: `manifest`: it is none.
    """
    return _decoded(data).manifest


def checked(data: bytes, header: Header) -> Manifest:
    """Return a stored manifest that was made with the backup that has this header.

    Raises:
        BackupBrokenError: `manifest`: it was not, or was changed.
    """
    signed = _decoded(data)
    if not hmac.compare_digest(_signature(signed.manifest, header), signed.signature):
        words = "its manifest was changed, or belongs to another backup"
        raise BackupBrokenError("manifest", words)
    return signed.manifest


def as_backup(manifest: Manifest, location: str, drilled: Drilled | None) -> Backup:
    """Return what lists show. A drill counts only for the very file it was done with."""
    counts = drilled is not None and drilled.sha256 == manifest.sha256
    facts = manifest.facts
    detail: dict[str, object] = {
        "database": manifest.database,
        "programs": manifest.programs,
        "sha256": manifest.sha256,
        "plain_bytes": manifest.plain_bytes,
        "schema": None if facts is None else facts.schema,
        "server": None if facts is None else facts.server,
        "workspaces": None if facts is None else len(facts.heads),
        "drilled_at": drilled.at if drilled is not None and counts else None,
        "drill_passed": drilled.passed if drilled is not None and counts else None,
    }
    return Backup(
        label=manifest.label,
        method="portable",
        kind=manifest.kind,
        started_at=manifest.started_at,
        finished_at=manifest.finished_at,
        size_bytes=manifest.size_bytes,
        location=location,
        encrypted=True,
        detail=detail,
    )


def _signature(manifest: Manifest, header: Header) -> str:
    return hmac.digest(header.keys.manifest, encode_sorted(manifest), "sha256").hex()


def _decoded(data: bytes) -> _Signed:
    try:
        found = msgspec.json.decode(data, type=_Signed)
    except (msgspec.DecodeError, msgspec.ValidationError) as problem:
        raise BackupBrokenError("manifest", f"its manifest cannot be read: {problem}") from None
    if found.manifest.form != FORM:
        words = f"its manifest has the form {found.manifest.form}, which is not known here"
        raise BackupBrokenError("manifest", words)
    return found
