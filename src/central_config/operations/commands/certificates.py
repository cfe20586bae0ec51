"""`central-config certificates`: until when each is good."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from central_config.core.clock import SystemClock
from central_config.core.settings import get_settings
from central_config.operations.commands import screen
from central_config.operations.model.certificates import DAYS_LEFT, Looked, places
from central_config.operations.service.certificates import look


def certificates(
    place: Annotated[list[str] | None, Parameter(negative=())] = None,
    /,
    *,
    days: int = DAYS_LEFT,
    output: screen.Form = "table",
) -> int:
    """List certificates with their subjects, names, ends, and what is wrong with them.

    Exit code 0: all are good for longer than `--days`; 1: one ends sooner, has ended, is not valid
    yet, cannot be read or would be refused by clients; 3: there was none to look at.

    Args:
        place: NAME=FILE or NAME=HOST:PORT, also without the name; otherwise what the setting
            CERTIFICATES names. Files are in PEM form, servers are asked over TLS.
        days: an end within so many days is a problem.
        output: table, or json.
    """
    given = [each if "=" in each else f"{each}={each}" for each in place or ()]
    try:
        wanted = places(",".join(given) if given else get_settings().certificates)
    except ValueError as error:
        screen.say(f"error: {error}")
        return screen.REFUSED
    if not wanted:
        screen.say("CERTIFICATES names none and none was given: nothing was checked")
        return screen.UNKNOWN
    found = asyncio.run(look(wanted, SystemClock(), days=days))
    if output == "json":
        screen.write_json(found)
    else:
        _print(found)
    return screen.NOT_WELL if any(each.problems for each in found) else screen.WELL


def _print(found: list[Looked]) -> None:
    columns = ["name", "place", "subject", "for", "ends", "days left", ""]
    screen.write_table(columns, [_row(each) for each in found])
    for each in found:
        for words in each.problems:
            screen.say(f"{each.name}: {words}")
        for words in each.remarks:
            screen.say(f"{each.name}: note: {words}")


def _row(found: Looked) -> list[object]:
    verdict = "good" if not found.problems else "NOT GOOD" if found.reached else "NOT READ"
    if not found.certificates or found.ends is None:
        return [found.name, found.where, None, None, None, None, verdict]
    own = found.certificates[0]
    ends = f"{found.ends:%Y-%m-%d %H:%M}"
    hosts = ", ".join(own.names)
    return [found.name, found.where, own.subject, hosts, ends, found.days_left, verdict]
