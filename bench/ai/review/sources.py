"""Public packages whose releases ship configuration: their histories are real changes.

Nothing of them is kept here. `pip` and `npm` fetch the releases once into a cache of the user.
"""

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_cache_path

CACHE = user_cache_path("central-config") / "review-histories"
_PATIENCE = 300  # seconds a download may take


class Source(NamedTuple):
    """A package: which releases (oldest first), and which of its files are configuration.

    `tuned`: the checks were tuned on it; the others were looked at only for their figures.
    """

    registry: str
    name: str
    releases: str
    files: tuple[str, ...]
    form: str
    tuned: bool

    @property
    def versions(self) -> tuple[str, ...]:
        """The releases, one by one."""
        return tuple(self.releases.split())


SOURCES = (
    Source(
        "pypi",
        "kolla-ansible",
        "10.0.0 11.0.0 12.0.0 12.4.0 13.0.0 13.4.0 14.0.0 14.4.0 15.0.0 15.3.0 16.0.0",
        ("ansible/group_vars/", "/defaults/main.yml"),
        "yaml",
        tuned=True,
    ),
    Source(
        "pypi",
        "distributed",
        "2.0.1 2.5.0 2.10.0 2.15.0 2.20.0 2.30.0 2021.1.0 2021.4.0 2021.8.0 2021.12.0 "
        "2022.4.0 2022.8.0 2022.12.0 2023.4.0 2023.8.0 2023.12.0 2024.4.0 2024.8.0 "
        "2024.12.0 2025.4.0 2025.9.0 2026.1.0",
        ("distributed/distributed.yaml",),
        "yaml",
        tuned=True,
    ),
    Source(
        "pypi",
        "apache-airflow",
        "2.0.0 2.1.0 2.2.0 2.3.0 2.4.0 2.5.0 2.6.0 2.7.0 2.8.0 2.9.0 2.10.0",
        ("config_templates/config.yml",),
        "airflow",
        tuned=True,
    ),
    Source(
        "pypi",
        "ansible-core",
        "2.13.0 2.14.0 2.15.0 2.16.0 2.17.0 2.18.0 2.19.0",
        ("ansible/config/base.yml",),
        "ansible",
        tuned=True,
    ),
    Source(
        "pypi",
        "dask-jobqueue",
        "0.3.0 0.4.0 0.5.0 0.6.0 0.7.0 0.7.3 0.8.0 0.8.2 0.9.0",
        ("dask_jobqueue/jobqueue.yaml",),
        "yaml",
        tuned=True,
    ),
    Source(
        "pypi",
        "kolla-ansible",
        "16.0.0 16.4.0 17.0.0 17.4.0 18.0.0 18.4.0 19.0.0 19.4.0 20.0.0 20.3.0 21.0.0 "
        "21.3.0 22.0.0 22.2.0",
        ("ansible/group_vars/", "/defaults/main.yml"),
        "yaml",
        tuned=True,
    ),
    Source(
        "pypi",
        "kayobe",
        "9.0.0 10.0.0 11.0.0 12.0.0 13.0.0 14.0.0 15.0.0 16.0.0 17.0.0 18.0.0",
        ("group_vars/all/", "/defaults/main.yml"),
        "yaml",
        tuned=True,
    ),
    Source(
        "pypi",
        "dask",
        "2.8.0 2.15.0 2.30.0 2021.1.0 2021.4.0 2021.8.0 2021.12.0 2022.4.0 2022.8.0 "
        "2022.12.0 2023.4.0 2023.8.0 2023.12.0 2024.4.0 2024.8.0 2024.12.0 2025.4.0 "
        "2026.1.0",
        ("dask/dask.yaml",),
        "yaml",
        tuned=True,
    ),
    Source(
        "pypi",
        "dask-kubernetes",
        "2021.3.1 2022.1.0 2022.7.0 2022.10.0 2023.1.0 2023.6.0 2023.9.0 2024.3.0 "
        "2024.9.0 2025.4.0 2026.3.0",
        ("kubernetes.yaml",),
        "yaml",
        tuned=True,
    ),
    Source(
        "pypi",
        "dask-cloudprovider",
        "0.1.0 0.2.0 0.3.0 0.4.0 0.5.0 2021.1.0 2021.3.0 2021.6.0 2021.9.0 2022.1.0 "
        "2022.5.0 2022.10.0 2024.9.0 2025.9.0",
        ("cloudprovider.yaml",),
        "yaml",
        tuned=True,
    ),
    Source(
        "npm",
        "verdaccio",
        "4.0.0 4.4.0 4.9.0 5.0.0 5.8.0",
        ("conf/default.yaml", "conf/docker.yaml"),
        "yaml",
        tuned=True,
    ),
    Source(
        "pypi",
        "kolla-ansible",
        "5.0.6 6.1.1 6.2.3 7.0.0 7.2.1 8.0.0 8.3.0 9.0.0 9.3.2",
        ("ansible/group_vars/", "/defaults/main.yml"),
        "yaml",
        tuned=False,
    ),
    Source(
        "pypi",
        "ceilometer",
        "13.0.0 14.0.0 15.0.0 16.0.0 17.0.0 18.0.0 19.0.0 20.0.0 21.0.0 22.0.0 23.0.0 "
        "24.0.0 25.0.0 26.0.0 27.0.0",
        ("ceilometer/pipeline/data/", "ceilometer/data/", "etc/ceilometer/"),
        "yaml",
        tuned=False,
    ),
    Source(
        "npm",
        "ghost",
        "1.17.1 1.26.2 2.38.3 3.42.9 4.48.9 5.0.0 5.26.0 6.0.0 6.65.0",
        ("/config/defaults.json", "/config/overrides.json", "/config.production.json"),
        "yaml",
        tuned=False,
    ),
)


def archive(source: Source, version: str) -> Path:
    """Return the release, fetched if it is not in the cache yet."""
    place = CACHE / source.name
    place.mkdir(parents=True, exist_ok=True)
    plain = source.name.replace("-", "_")
    for pattern in (f"{plain}-{version}-*.whl", f"{source.name}-{version}.tgz"):
        found = next(iter(place.glob(pattern)), None)
        if found is not None:
            return found
    subprocess.run(_download(source, version), cwd=place, check=True, timeout=_PATIENCE)
    return archive(source, version)


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
    return any(part in name for part in source.files) and name.endswith((".yml", ".yaml", ".json"))
