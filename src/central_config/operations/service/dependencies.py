"""What this installation is made of, and whether any of it is known to be vulnerable."""

import asyncio
import contextlib
import hashlib
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import msgspec

from central_config.core.clock import Clock, rfc3339
from central_config.core.ids import new_id
from central_config.core.json import JSON
from central_config.supervisor.environment import own_environment

OWN = "central-config"
# pip-audit asks a database on the network for each package (seconds).
PATIENCE = 180.0

_TOOL = "pip-audit"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_RUNS = re.compile(r"[-_.]+")
_CLASSIFIER = "License :: "
# A longer text is the licence itself, not its name.
_LONGEST_LICENSE = 80


class Package(msgspec.Struct, frozen=True):
    """An installed distribution.

    `license` is an SPDX expression or what the package calls it, None where it says nothing.
    `requires` are those of its requirements that are installed. `record_sha256` is that of its list
    of files, which holds their hashes.
    """

    name: str
    version: str
    license: str | None
    spdx: bool
    requires: tuple[str, ...]
    record_sha256: str | None

    @property
    def purl(self) -> str:
        """The package as SBOMs name it."""
        return f"pkg:pypi/{self.name}@{self.version}"


class Vulnerability(msgspec.Struct, frozen=True):
    """A known fault of an installed package, and the versions without it."""

    package: str
    version: str
    id: str
    fixed_in: tuple[str, ...]


class Audit(msgspec.Struct, frozen=True):
    """What is known of vulnerabilities.

    `not audited` is no pass: somebody has to make the audit possible. `words` say what was found,
    or why nothing could be.
    """

    status: Literal["clean", "vulnerable", "not audited"]
    words: str
    vulnerabilities: tuple[Vulnerability, ...] = ()


def installed() -> list[Package]:
    """Return every distribution of this environment, by name."""
    found = {_normal(each.name): each for each in metadata.distributions()}
    return [_package(name, found[name], frozenset(found)) for name in sorted(found)]


def sbom(packages: Sequence[Package], clock: Clock) -> dict[str, JSON]:
    """Return a software bill of materials, CycloneDX 1.6."""
    own = next((each for each in packages if each.name == OWN), None)
    others = [each for each in packages if each is not own]
    component: dict[str, JSON] = {"type": "application", "name": OWN}
    if own is not None:
        component = {**_component(own), "type": "application"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{new_id()}",
        "version": 1,
        "metadata": {
            "timestamp": rfc3339(clock.now()),
            "component": component,
            "properties": [{"name": "python:version", "value": sys.version.split()[0]}],
        },
        "components": [_component(each) for each in others],
        "dependencies": [
            {
                "ref": each.purl,
                "dependsOn": [one.purl for one in packages if one.name in each.requires],
            }
            for each in packages
        ],
    }


async def audit(packages: Sequence[Package], patience: float = PATIENCE) -> Audit:
    """Ask pip-audit, where it is installed, about every package but our own.

    Whatever keeps it from an answer about each of them makes the result `not audited`.
    """
    tool = shutil.which(_TOOL) or shutil.which(_TOOL, path=str(Path(sys.executable).parent))
    if tool is None:
        return _not_audited(f"{_TOOL} is not installed")
    asked = [each for each in packages if each.name != OWN]
    with tempfile.TemporaryDirectory(prefix="central-config-audit-") as directory:
        listed = Path(directory) / "requirements.txt"
        await asyncio.to_thread(
            listed.write_text, "".join(f"{each.name}=={each.version}\n" for each in asked)
        )
        words = (tool, "--strict", "--disable-pip", "--no-deps", "-f", "json", "-r", str(listed))
        try:
            code, out, err = await _run(words, patience)
        except (OSError, TimeoutError) as error:
            return _not_audited(f"{_TOOL} gave no answer ({type(error).__name__})")
    return _judged(asked, code, out, err)


def _judged(asked: Sequence[Package], code: int, out: bytes, err: bytes) -> Audit:
    try:
        rows = _answer.decode(out).dependencies
    except ValueError:
        last = err.decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {code}"]
        return _not_audited(f"{_TOOL} failed: {last[0][:300]}")
    looked_at = {_normal(row.name) for row in rows if row.skip_reason is None}
    skipped = sorted(each.name for each in asked if each.name not in looked_at)
    faults = tuple(
        Vulnerability(_normal(row.name), row.version, fault.id, tuple(fault.fix_versions))
        for row in rows
        for fault in row.vulns
    )
    if faults:
        names = sorted({each.package for each in faults})
        words = f"{len(faults)} known vulnerabilities in {', '.join(names)}"
        more = f"; not audited: {', '.join(skipped)}" if skipped else ""
        return Audit("vulnerable", words + more, faults)
    if skipped:
        return _not_audited(f"{_TOOL} skipped {', '.join(skipped)}")
    if code != 0:
        return _not_audited(f"{_TOOL} ended with code {code}")
    return Audit("clean", f"no known vulnerability in {len(asked)} packages")


def _not_audited(reason: str) -> Audit:
    return Audit("not audited", f"not audited: {reason}")


async def _run(words: Sequence[str], patience: float) -> tuple[int, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=own_environment(),
    )
    try:
        async with asyncio.timeout(patience):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return process.returncode or 0, out, err


class _Fault(msgspec.Struct):
    id: str
    fix_versions: list[str] = []


class _Row(msgspec.Struct):
    name: str
    version: str = ""
    skip_reason: str | None = None
    vulns: list[_Fault] = []


class _Answer(msgspec.Struct):
    dependencies: list[_Row]


_answer = msgspec.json.Decoder(_Answer)


def _package(name: str, found: metadata.Distribution, known: frozenset[str]) -> Package:
    record = found.read_text("RECORD")
    license_, spdx = _license(found.metadata)
    return Package(
        name,
        found.version,
        license_,
        spdx,
        tuple(sorted({each for each in _requires(found) if each in known})),
        None if record is None else hashlib.sha256(record.encode()).hexdigest(),
    )


def _requires(found: metadata.Distribution) -> Iterator[str]:
    for line in found.requires or ():
        requirement, _, marker = line.partition(";")
        name = _NAME.match(requirement.strip())
        if name is not None and "extra" not in marker:
            yield _normal(name.group())


def _license(about: Any) -> tuple[str | None, bool]:  # noqa: ANN401 - an email message
    expression = about.get("License-Expression")
    if expression:
        return str(expression), True
    classified = [
        each.rsplit(" :: ", 1)[-1]
        for each in about.get_all("Classifier") or ()
        if each.startswith(_CLASSIFIER)
    ]
    name = str(about.get("License") or "").strip()
    if name and "\n" not in name and len(name) <= _LONGEST_LICENSE and name != "UNKNOWN":
        return name, False
    return (", ".join(classified) or None), False


def _component(package: Package) -> dict[str, JSON]:
    component: dict[str, JSON] = {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
    }
    if package.license is not None:
        found: dict[str, JSON] = {"license": {"name": package.license}}
        component["licenses"] = [{"expression": package.license} if package.spdx else found]
    if package.record_sha256 is not None:
        component["properties"] = [{"name": "python:record:sha256", "value": package.record_sha256}]
    return component


def _normal(name: str) -> str:
    return _RUNS.sub("-", name).lower()
