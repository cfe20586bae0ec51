"""The reference pages say what the code says, and everything is described."""

import importlib.util
import itertools
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from central_config.access.model import BUILT_IN_ROLES, PERMISSIONS
from central_config.core.problems import CATALOGUE
from central_config.core.settings import Settings
from central_config.interop.model.terms import Format
from central_config.playbooks.service.catalogue import playbooks
from tests.docs.pages import ROOT, read

REFERENCE = ROOT / "docs" / "reference"
PLAYBOOKS = ROOT / "docs" / "runbook" / "playbooks"


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generator = _generator()


@pytest.fixture(scope="module")
def generated() -> dict[Path, str]:
    return generator.pages()


@pytest.mark.parametrize(
    "page",
    [
        "settings.md",
        "problems.md",
        "metrics.md",
        "permissions.md",
        "routes.md",
        "cli.md",
        "mcp-tools.md",
        "openapi.json",
    ],
)
def test_page_is_what_the_code_says(generated: dict[Path, str], page: str) -> None:
    path = REFERENCE / page
    # Not compared as texts: pytest would spend minutes on showing how two large ones differ.
    current = path.exists() and path.read_text(encoding="utf-8") == generated[path]
    assert current, f"{page} is stale: run `make docs`"


def test_every_page_is_tested(generated: dict[Path, str]) -> None:
    assert len([path for path in generated if path.parent == REFERENCE]) == 8
    assert {path.parent for path in generated} == {REFERENCE, PLAYBOOKS}


@pytest.mark.parametrize("name", ["index", *(each.name for each in playbooks())])
def test_playbook_page_is_what_the_code_does(generated: dict[Path, str], name: str) -> None:
    path = PLAYBOOKS / f"{name}.md"
    current = path.exists() and path.read_text(encoding="utf-8") == generated[path]
    assert current, f"{name}.md is stale: run `make docs`"


def test_no_playbook_page_is_left_over(generated: dict[Path, str]) -> None:
    assert {path for path in generated if path.parent == PLAYBOOKS} == set(PLAYBOOKS.iterdir())


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_setting_is_described(name: str) -> None:
    assert Settings.model_fields[name].description
    assert f"| `{name.upper()}` |" in read(REFERENCE / "settings.md")


@pytest.mark.parametrize("code", list(CATALOGUE))
def test_problem_is_described(code: str) -> None:
    kind = CATALOGUE[code]
    assert kind.title
    assert kind.advice.endswith(".")
    assert f"\n## {code}\n" in read(REFERENCE / "problems.md")


def test_metrics_are_described() -> None:
    page = read(REFERENCE / "metrics.md")
    for _, metric in generator.own_metrics():
        assert metric.meaning
        assert f"| `{metric.name}` |" in page


def test_permissions_and_roles_are_described() -> None:
    page = read(REFERENCE / "permissions.md")
    assert all(PERMISSIONS.values())
    assert all(f"| `{name}` | {said} |" in page for name, said in PERMISSIONS.items())
    assert all(f"- `{name}`: {said}" in page for name, (said, _) in BUILT_IN_ROLES.items())


def test_every_route_declares_what_it_needs(generated: dict[Path, str]) -> None:
    rows = [line for line in generated[REFERENCE / "routes.md"].splitlines() if "| `" in line]
    assert len(rows) > 50
    assert [row for row in rows if "| `` |" in row] == []


def test_formats_and_notices_are_described() -> None:
    page = read(REFERENCE / "formats.md")
    assert [each.value for each in Format if f"| `{each.value}` |" not in page] == []
    codes: set[str] = set()
    for path in (ROOT / "src" / "central_config" / "interop" / "model").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        codes |= set(re.findall(r'(?:Notice|Remark|Scalar)\((?:\w+, )?"([a-z]+-[a-z-]+)"', text))
    assert codes
    assert {code for code in codes if f"| `{code}` |" not in page} == set()


def test_tables_are_described() -> None:
    page = read(REFERENCE / "database.md")
    names: set[str] = set()
    for path in (ROOT / "src" / "central_config").rglob("*.py"):
        names |= set(re.findall(r'= Table\(\s*"(\w+)"', path.read_text(encoding="utf-8")))
    assert "cc_workspace" in names
    assert {each for each in names if f"`{each}`" not in page} == set()


def test_dependencies_are_described() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *itertools.chain(*project["project"]["optional-dependencies"].values()),
        *project["dependency-groups"]["dev"],
    ]
    page = read(ROOT / "docs" / "dependencies.md")
    names = [re.split(r"[<>=!~ ;]", each, maxsplit=1)[0] for each in wanted]
    assert [each for each in names if f"| {each} |" not in page] == []
    known = {re.split(r"\[", each)[0] for each in names} | set(names)
    told = re.findall(r"^\| ([a-z][\w.\[\]-]*) \|", page, flags=re.MULTILINE)
    assert [each for each in told if each not in known] == []
