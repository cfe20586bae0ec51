"""`central-config dependencies`: what this installation is made of."""

import asyncio

from cyclopts import App, Parameter

from central_config.core.clock import SystemClock
from central_config.operations.commands import screen
from central_config.operations.service.dependencies import audit, installed
from central_config.operations.service.dependencies import sbom as bill

app = App(
    name="dependencies",
    help="What this installation is made of: report, SBOM.",
    help_format="markdown",
    default_parameter=Parameter(negative=()),
)


@app.command
def report(*, output: screen.Form = "table") -> int:
    """List packages with versions and licences, and ask pip-audit for known vulnerabilities.

    Exit code 0: every package was audited and none has a known vulnerability; 1: one has, or the
    packages were not audited, which is no pass.

    Args:
        output: table, or json.
    """
    packages = installed()
    found = asyncio.run(audit(packages))
    if output == "json":
        screen.write_json({"packages": packages, "audit": found})
    else:
        rows = [[each.name, each.version, each.license or "not stated"] for each in packages]
        screen.write_table(["package", "version", "licence"], rows)
        for each in found.vulnerabilities:
            fixed = ", ".join(each.fixed_in) or "no version"
            screen.say(f"{each.package} {each.version}: {each.id}, fixed in {fixed}")
    screen.say(found.words)
    return screen.WELL if found.status == "clean" else screen.NOT_WELL


@app.command
def sbom() -> int:
    """Print a software bill of materials of this installation (CycloneDX 1.6, JSON)."""
    screen.write_json(bill(installed(), SystemClock()))
    return screen.WELL
