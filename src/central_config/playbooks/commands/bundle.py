"""`central-config support-bundle`: what somebody who helps needs to know, without secrets."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from central_config.core.clock import SystemClock
from central_config.core.logging import configure_logging
from central_config.core.settings import get_settings
from central_config.playbooks.commands import screen
from central_config.playbooks.model.errors import RefusedError
from central_config.playbooks.model.runs import Exit
from central_config.playbooks.service.bundle import Wish, make
from central_config.playbooks.service.world import World
from central_config.supervisor.local import with_local_servers


def support_bundle(
    *,
    output: Path | None = None,
    log: list[Path] | None = None,
    lines: int = 2000,
    with_key_names: bool = False,
    form: Annotated[Literal["table", "json"], Parameter(name=("--form", "-o"))] = "table",
) -> int:
    """Write a bundle for whoever helps: findings, statistics, logs; no value, no secret.

    Exit code 0: written, 2: refused.

    Args:
        output: the file; by default `support-bundle-TIME.tar.gz` here.
        log: a further log file, such as the output of `journalctl -u central-config -o cat`; may
            be repeated.
        lines: of each log file, at most.
        with_key_names: names of keys are in it too (never values).
        form: table, or json.
    """
    clock = SystemClock()
    settings = get_settings()
    configure_logging(settings.model_copy(update={"log_level": "ERROR"}), stream=sys.stderr)
    path = output or Path(f"support-bundle-{clock.now():%Y%m%dT%H%M%SZ}.tar.gz")
    world = World(with_local_servers(settings))
    wish = Wish(tuple(log or ()), lines, with_key_names)
    try:
        listed = asyncio.run(make(world, path, wish, clock))
    except RefusedError as error:
        screen.say(f"refused: {error}")
        return Exit.REFUSED
    if form == "json":
        screen.write_json({"file": str(path), "files": listed})
        return Exit.FIXED
    for each in listed:
        screen.say(f"{each['bytes']:>10}  {each['name']}  ({each['what']})")
    screen.say(f"written: {path}. Look into it before you send it.")
    return Exit.FIXED
