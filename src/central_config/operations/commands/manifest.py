"""`central-config manifest`: are the files those of the release?"""

import base64
from pathlib import Path

from cyclopts import App, Parameter

from central_config.core.clock import SystemClock
from central_config.operations.commands import screen
from central_config.operations.service import manifest as service
from central_config.operations.service.manifest import Differences, WrongManifestError

# Differences of a sort that are named.
_NAMED = 50

app = App(
    name="manifest",
    help="Signed checksums of a release: create, verify.",
    help_format="markdown",
    default_parameter=Parameter(negative=()),
)


@app.command
def create(
    *,
    manifest: Path,
    signature: Path,
    key: Path,
    root: Path | None = None,
    without_bytecode: bool = False,
) -> int:
    """Write the checksums of an installation, and sign them; to be done where releases are built.

    Args:
        manifest: where the checksums go; a new file.
        signature: where the signature goes; a new file.
        key: Ed25519 private key, PEM; `openssl genpkey -algorithm ed25519` makes one.
        root: the directory; by default where this package and its dependencies stand.
        without_bytecode: leave compiled files out; a changed one will then not be found.
    """
    place = root or service.installation_root()
    try:
        made = service.create(place, SystemClock(), bytecode=not without_bytecode)
        signed = service.sign(made, key.read_bytes())
        with manifest.open("xb") as file:
            file.write(made)
        with signature.open("xb") as file:
            file.write(base64.b64encode(signed) + b"\n")
    except (OSError, WrongManifestError) as error:
        return _refused(error)
    screen.say(f"{manifest}: the files below {place}, signed in {signature}")
    return screen.WELL


@app.command
def verify(
    *,
    manifest: Path,
    signature: Path,
    key: Path,
    root: Path | None = None,
    output: screen.Form = "table",
) -> int:
    """Compare an installation with the signed checksums of its release.

    All three files come from where the release was published, none from the installation itself.
    Exit code 0: everything is as released; 1: something was changed, is missing or was added, or
    the signature is wrong; 2: a file cannot be read.

    Args:
        manifest: the release's checksums.
        signature: their signature.
        key: the Ed25519 public key of whoever publishes releases, PEM.
        root: the directory; by default where this package and its dependencies stand.
        output: table, or json.
    """
    place = root or service.installation_root()
    try:
        signed = base64.b64decode(signature.read_bytes())
        read = service.read(manifest.read_bytes(), signed, key.read_bytes())
        found = service.compare(read, place)
    except WrongManifestError as error:
        screen.say(f"error: {error}")
        return screen.NOT_WELL
    except (OSError, ValueError) as error:
        return _refused(error)
    if output == "json":
        screen.write_json({"version": read.version, "root": str(place), "differences": found})
    else:
        _print(found)
    _summarize(found, read.version)
    return screen.NOT_WELL if found.any or not found.checked else screen.WELL


def _print(found: Differences) -> None:
    rows: list[tuple[str, str]] = []
    for what in ("changed", "missing", "added"):
        paths: tuple[str, ...] = getattr(found, what)
        rows += [(what, path) for path in paths[:_NAMED]]
        if len(paths) > _NAMED:
            rows.append((what, f"... and {len(paths) - _NAMED} more"))
    if rows:
        screen.write_table(["what", "file"], rows)


def _summarize(found: Differences, version: str) -> None:
    if found.any or not found.checked:
        counts = f"{len(found.changed)} changed, {len(found.missing)} missing, "
        screen.say(f"NOT as released ({version}): {counts}{len(found.added)} added")
    else:
        screen.say(f"{found.checked} files are as released ({version})")
    if not found.bytecode:
        screen.say("compiled files (.pyc) were not compared: the manifest leaves them out")


def _refused(error: Exception) -> int:
    where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
    words = error.strerror if isinstance(error, OSError) and error.strerror else error
    screen.say(f"error: {where}{words}")
    return screen.REFUSED
