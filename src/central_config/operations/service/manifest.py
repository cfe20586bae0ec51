"""Checksums of a release, signed where it was built, and what an installation makes of them.

A list of checksums that lies beside the files it is about proves nothing: whoever changes the
files changes the list. So the list is signed, and the key that checks it comes from elsewhere.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from central_config import __version__
from central_config.core.clock import Clock, rfc3339

_BYTECODE = ".pyc"
_LINK = "link to "
_UNREADABLE = "unreadable"


class WrongManifestError(Exception):
    """The manifest, its signature or the key is not what it should be."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files of a release.

    `files` maps each path below the root to its SHA-256, a symbolic link to where it leads.
    `bytecode`: compiled files (`.pyc`) are among them; Python runs those rather than the sources.
    """

    format: Literal[1]
    version: str
    created_at: str
    bytecode: bool
    files: dict[str, str]


class Differences(msgspec.Struct, frozen=True):
    """What is not as the manifest says, as paths below the root."""

    checked: int
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    bytecode: bool

    @property
    def any(self) -> bool:
        """Whether there is a difference at all."""
        return bool(self.changed or self.missing or self.added)


def installation_root() -> Path:
    """Return the directory in which this package and its dependencies stand."""
    return Path(__file__).resolve().parents[3]


def create(root: Path, clock: Clock, *, bytecode: bool = True) -> bytes:
    """Return the manifest of everything below a directory.

    Raises:
        OSError: something cannot be read.
    """
    files = dict(sorted(_files(root, bytecode=bytecode)))
    if _UNREADABLE in files.values():
        name = next(name for name, digest in files.items() if digest == _UNREADABLE)
        raise OSError(0, "cannot be read", str(root / name))
    found = Manifest(1, __version__, rfc3339(clock.now()), bytecode, files)
    return msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n"


def sign(manifest: bytes, private_key: bytes) -> bytes:
    """Return the Ed25519 signature of a manifest.

    Raises:
        WrongManifestError: the key is no Ed25519 private key in PEM form without a password.
    """
    try:
        key = load_pem_private_key(private_key, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise WrongManifestError("the key is no Ed25519 private key in PEM form")
    return key.sign(manifest)


def read(manifest: bytes, signature: bytes, public_key: bytes) -> Manifest:
    """Return a manifest whose signature is good; nothing of it is read before that is known.

    Raises:
        WrongManifestError: the signature, the key or the manifest is wrong.
    """
    try:
        key = load_pem_public_key(public_key)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise WrongManifestError("the key is no Ed25519 public key in PEM form")
    try:
        key.verify(signature, manifest)
    except InvalidSignature:
        raise WrongManifestError("the signature is not of this manifest and this key") from None
    try:
        return msgspec.json.decode(manifest, type=Manifest)
    except ValueError as error:
        raise WrongManifestError(f"the manifest cannot be read: {error}") from None


def compare(manifest: Manifest, root: Path) -> Differences:
    """Return how a directory differs from a manifest."""
    found: Mapping[str, str] = dict(_files(root, bytecode=manifest.bytecode))
    both = found.keys() & manifest.files.keys()
    return Differences(
        len(both),
        tuple(sorted(name for name in both if found[name] != manifest.files[name])),
        tuple(sorted(manifest.files.keys() - found.keys())),
        tuple(sorted(found.keys() - manifest.files.keys())),
        manifest.bytecode,
    )


def _files(root: Path, *, bytecode: bool) -> Iterator[tuple[str, str]]:
    for directory, inner, names in os.walk(root, onerror=_refuse):
        links = [name for name in inner if (Path(directory) / name).is_symlink()]
        for name in (*names, *links):
            if bytecode or not name.endswith(_BYTECODE):
                path = Path(directory) / name
                yield path.relative_to(root).as_posix(), _digest(path)


def _refuse(error: OSError) -> None:
    raise error


def _digest(path: Path) -> str:
    try:
        if path.is_symlink():
            return _LINK + str(path.readlink())
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return _UNREADABLE
