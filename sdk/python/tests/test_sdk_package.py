"""The package by itself: what it imports, what it needs, what it is made of."""

import ast
import dataclasses
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import get_type_hints

import pytest
from central_config.core.problems import CATALOGUE

from central_config_client.errors import ProblemError
from central_config_client.options import Options, Settings
from central_config_client.problems import BY_CODE
from central_config_client.wire import Answer, problem

PROJECT = Path(__file__).parent.parent
PACKAGE = PROJECT / "src" / "central_config_client"
OPTIONAL = {"msgspec", "pydantic"}
# Only for type checkers, and for the plugin that pytest itself loads.
ALLOWED = {"httpx2", "central_config_client", "typing_extensions", "pytest"} | OPTIONAL


def imported() -> set[str]:
    """Return the names of all packages that are imported anywhere."""
    found: set[str] = set()
    for module in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Import):
                found |= {each.name.partition(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                found.add(str(node.module).partition(".")[0])
    return found


def test_no_code_of_the_server_is_imported() -> None:
    assert imported() - set(sys.stdlib_module_names) == ALLOWED


def test_every_problem_code_has_a_class() -> None:
    assert list(BY_CODE) == list(CATALOGUE)
    for code, kind in CATALOGUE.items():
        made = BY_CODE[code]
        assert issubclass(made, ProblemError)
        assert (made.code, made.status) == (code, kind.status)
        assert made.__name__.endswith("Error")
    assert len({each.__name__ for each in BY_CODE.values()}) == len(CATALOGUE)


def test_the_generated_module_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, PROJECT / "generate_errors.py", "--check"], check=False, timeout=30
    )
    assert done.returncode == 0, "run python sdk/python/generate_errors.py"


def test_a_problem_keeps_what_the_service_said() -> None:
    body = (
        b'{"type":"/problems/revision-conflict","title":"T","status":412,"detail":"D","code":'
        b'"revision-conflict","request_id":"R","instance":"/x","current_revision":7,'
        b'"errors":[{"pointer":"/a","detail":"E"}]}'
    )
    error = problem(Answer(412, {"retry-after": "3"}, body))
    assert type(error) is BY_CODE["revision-conflict"]
    assert (error.status, error.code, error.detail, error.request_id) == (
        412,
        "revision-conflict",
        "D",
        "R",
    )
    assert error.extra == {"current_revision": 7}
    assert error.errors == (("/a", "E"),)
    assert error.retry_after == 3
    other = problem(Answer(502, {"retry-after": "soon"}, b"<html>"))
    assert (type(other), other.status, other.code) == (ProblemError, 502, "unknown")


def test_the_wheel(tmp_path: Path) -> None:
    """It is built without a network, and works with httpx2 alone."""
    copy = tmp_path / "project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"],
        cwd=copy,
        check=True,
        capture_output=True,
        timeout=60,
    )
    (wheel,) = (copy / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        read = {name: archive.read(name).decode() for name in names}
        archive.extractall(tmp_path / "installed")
    assert "central_config_client/py.typed" in names
    metadata = next(text for name, text in read.items() if name.endswith("/METADATA"))
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist")]
    assert [each for each in required if "extra ==" not in each] == [
        "Requires-Dist: httpx2<3,>=2.16"
    ]
    assert re.search(r"^License-Expression: Apache-2.0$", metadata, re.MULTILINE)
    points = next(text for name, text in read.items() if name.endswith("/entry_points.txt"))
    assert "central_config_client.testing.plugin" in points
    alone = "\n".join(
        [
            "import sys",
            f"for name in {sorted(OPTIONAL | {'orjson', 'central_config', 'pytest'})!r}:",
            "    sys.modules[name] = None",
            "import central_config_client, central_config_client.testing",
            "print(central_config_client.__file__)",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", alone],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "installed"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert str(tmp_path / "installed") in done.stdout


@pytest.mark.parametrize("page", ["README.md", "LICENSE"])
def test_what_the_package_page_needs(page: str) -> None:
    assert (PROJECT / page).read_text()


def test_every_option_is_declared_and_documented() -> None:
    names = {each.name for each in dataclasses.fields(Settings)}
    assert set(get_type_hints(Options)) == names
    page = (PROJECT / "README.md").read_text()
    assert [each for each in names if f"`{each}`" not in page] == []
