"""Releases of public packages that ship configuration: their histories are real changes.

Nothing of them is kept here. `pip` and `npm` fetch the releases once into a cache of the user.
"""

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from platformdirs import user_cache_path

CACHE = user_cache_path("central-config") / "review-histories"
_PATIENCE = 300  # seconds a download may take
# What is taken of a folder, by the form it is read in.
_ENDS: Mapping[str, tuple[str, ...]] = {
    "yaml": (".yml", ".yaml", ".json"),
    "ini": (".ini", ".conf", ".cfg"),
}

# What a package may be used for: checks were tuned on it; it was held out until its first figures,
# then what was flagged there was looked at; or nobody looks at anything of it but its figures.
Part = Literal["tuned", "seen", "sealed"]
TUNED: Part = "tuned"
SEEN: Part = "seen"
SEALED: Part = "sealed"


class Source(NamedTuple):
    """A package: which releases (oldest first), and which of its files are configuration.

    `files` are ends of paths, or folders (`.../`) of which every configuration file is taken.
    """

    registry: str
    name: str
    releases: str
    files: tuple[str, ...]
    form: str
    part: Part

    @property
    def versions(self) -> tuple[str, ...]:
        """The releases, one by one."""
        return tuple(self.releases.split())


def archive(source: Source, version: str) -> Path:
    """Return the release, fetched if it is not in the cache yet."""
    place = CACHE / source.name
    place.mkdir(parents=True, exist_ok=True)
    known = _kept(place, source.name.lower(), version)
    if known is None:
        subprocess.run(_download(source, version), cwd=place, check=True, timeout=_PATIENCE)
        known = _kept(place, source.name.lower(), version)
    if known is None:
        message = f"{source.name} {version} was fetched under another name"
        raise LookupError(message)
    return known


def _kept(place: Path, name: str, version: str) -> Path | None:
    wheel, package = name.replace("-", "_"), name.lstrip("@").replace("/", "-")
    begins = (f"{wheel}-{version}-", f"{package}-{version}.tgz")
    return next((it for it in place.iterdir() if it.name.lower().startswith(begins)), None)


def _download(source: Source, version: str) -> list[str]:
    if source.registry == "npm":
        return ["npm", "pack", "--silent", f"{source.name}@{version}"]
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--ignore-requires-python"]
    return [sys.executable, "-m", "pip", "download", *options, f"{source.name}=={version}"]


def texts(source: Source, version: str) -> Iterator[tuple[str, str]]:
    """Yield the configuration files of a release: path and text."""
    path = archive(source, version)
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as packed:
            for name in sorted(packed.namelist()):
                if _wanted(source, name):
                    yield name, packed.read(name).decode()
        return
    with tarfile.open(path) as packed:
        for member in packed:
            content = packed.extractfile(member) if _wanted(source, member.name) else None
            if content is not None:
                yield member.name, content.read().decode()


def _wanted(source: Source, name: str) -> bool:
    return any(
        part in name and name.endswith(_ENDS[source.form])
        if part.endswith("/")
        else name.endswith(part)
        for part in source.files
    )
