"""A bundle for whoever helps: how things stand, without a secret and without configuration.

Every file goes through one `Redactor`; a bundle in which a secret of the settings is left after it
is not written at all.
"""

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

from central_config.core.clock import Clock, rfc3339
from central_config.core.json import JSON
from central_config.playbooks.model.errors import RefusedError
from central_config.playbooks.service.bundle.parts import Part, Wish, parts, secrets_of, text
from central_config.playbooks.service.bundle.redaction import Redactor
from central_config.playbooks.service.world import World

__all__ = ["Wish", "make"]

MANIFEST = "manifest.json"
_PRIVATE_FILE = 0o600


async def make(world: World, path: Path, wish: Wish, clock: Clock) -> list[dict[str, JSON]]:
    """Write a bundle to `path` (.tar.gz) and return what it holds.

    Raises:
        RefusedError: the file exists or cannot be written, or a secret would be in it.
    """
    if path.exists():  # noqa: ASYNC240 - a command's one look
        raise RefusedError(f"{path} exists")
    redactor = Redactor(secrets_of(world.settings))
    files: dict[str, bytes] = {}
    listed: list[dict[str, JSON]] = []
    for part in parts(world, wish):
        content = redactor.clean(await _made(part))
        if redactor.holds_known(content):
            raise RefusedError(
                f"{part.name} would hold a secret of the settings: nothing is written"
            )
        data = content.encode()
        files[part.name] = data
        listed.append(_entry(part, data))
    manifest: dict[str, JSON] = {
        "made_at": rfc3339(clock.now()),
        "holds": "no configuration values; names of keys"
        + (" are in it" if wish.with_names else ": none"),
        "files": list[JSON](listed),
    }
    files[MANIFEST] = text(manifest).encode()
    _write(path, files, int(clock.now().timestamp()))
    return listed


async def _made(part: Part) -> str:
    """Return a part; what cannot be had is said in its place, for that is told too."""
    try:
        return await part.make()
    except Exception as error:  # noqa: BLE001 - a bundle is made when things are broken
        return f"not to be had: {type(error).__name__}: {error}\n"


def _entry(part: Part, data: bytes) -> dict[str, JSON]:
    digest = hashlib.sha256(data).hexdigest()
    return {"name": part.name, "what": part.said, "bytes": len(data), "sha256": digest}


def _write(path: Path, files: dict[str, bytes], moment: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
        with (
            os.fdopen(handle, "wb") as raw,
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=moment) as packed,
            tarfile.open(fileobj=packed, mode="w|") as archive,
        ):
            for name, data in files.items():
                entry = tarfile.TarInfo(f"support-bundle/{name}")
                entry.size, entry.mode, entry.mtime = len(data), _PRIVATE_FILE, moment
                archive.addfile(entry, io.BytesIO(data))
    except OSError as error:
        raise RefusedError(f"{path} cannot be written: {error.strerror or error}") from error
