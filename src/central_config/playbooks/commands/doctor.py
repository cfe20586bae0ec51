"""`central-config doctor`: is this installation fit to be trusted?"""

import asyncio
import sys
from typing import Annotated, Literal

from cyclopts import Parameter
from pydantic import ValidationError

from central_config.core.json import JSON
from central_config.core.logging import configure_logging
from central_config.core.settings import Settings, get_settings
from central_config.playbooks.commands import screen
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.model.runs import Exit
from central_config.playbooks.service.doctor import examine, exit_code, page_of
from central_config.playbooks.service.world import World
from central_config.supervisor.local import with_local_servers

_PAGES = "https://docs.central-config.com/"


def doctor(
    *,
    replicas: int = 1,
    strict: bool = False,
    output: Annotated[Literal["table", "json"], Parameter(name=("--output", "-o"))] = "table",
) -> int:
    """Examine an installation: settings, rights, room for connections, keys, backups.

    Nothing is changed. Exit code 0: fit, 1: something is bad, 3: something could not be told.

    Args:
        replicas: how many API processes there are to be; their connections must fit.
        strict: a warning counts as bad.
        output: table, or json.
    """
    try:
        settings = get_settings()
    except (ValidationError, OSError) as error:
        found = list(_invalid(error))
    else:
        found = asyncio.run(examine(_world(settings), replicas))
    code = exit_code(found, strict=strict)
    if output == "json":
        screen.write_json({"exit": int(code), "findings": [_row(each) for each in found]})
        return code
    screen.write_findings(found)
    for each in found:
        if each.status not in {Status.OK, Status.SKIPPED}:
            screen.say(f"{each.check}: {_address(each.check)}")
    words = {Exit.FIXED: "fit", Exit.NOT_FIXED: "not fit", Exit.UNKNOWN: "not known"}
    screen.say(f"Result: {words[code]}.")
    return code


def _world(settings: Settings) -> World:
    quiet = settings.model_copy(update={"log_level": "ERROR"})
    configure_logging(quiet, stream=sys.stderr)
    return World(with_local_servers(settings))


def _invalid(error: ValidationError | OSError) -> list[Finding]:
    """Return what is wrong with the settings; never what stands in them."""
    if isinstance(error, OSError):
        said = f"{error.filename}: {error.strerror}"
        return [Finding("settings.file", Status.BAD, said)]
    wrong = error.errors(include_url=False, include_input=False, include_context=False)
    return [
        Finding(f"settings.{'.'.join(map(str, each['loc'])) or 'all'}", Status.BAD, each["msg"])
        for each in wrong
    ]


def _address(check: str) -> str:
    return _PAGES + page_of(check).removesuffix(".md")


def _row(found: Finding) -> dict[str, JSON]:
    return {
        "check": found.check,
        "status": str(found.status),
        "summary": found.summary,
        "facts": dict(found.facts),
        "docs": _address(found.check),
    }
