"""What all probes share: how they are run, and how figures become a status."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.world import TargetName, World

Look = Callable[[World], Awaitable[list[Finding]]]

# Of the time for all, what a single question may take: two in a row must fit.
_SHARE = 0.4
# kubectl alone takes seconds; a diagnosis of a cluster may.
_KUBERNETES_WITHIN = 45.0


@dataclass(frozen=True)
class Probe:
    """A look at one part.

    Args:
        name: what it is asked for by.
        look: returns what it found, one finding or several.
        where: the target in which it makes sense.
        question: what it asks, for the generated pages (`How many connections are taken?`).
    """

    name: str
    look: Look
    where: TargetName = "local"
    question: str = ""


async def look_with(probes: Sequence[Probe], world: World, within: float) -> list[Finding]:
    """Run the probes that fit the target side by side; each ends within `within` seconds."""
    seconds = max(within, _KUBERNETES_WITHIN) if world.target == "kubernetes" else within
    hurried = replace(world, patience=min(world.patience, within * _SHARE))
    chosen = [each for each in probes if each.where == world.target]
    found = await asyncio.gather(*[_bounded(each, hurried, seconds) for each in chosen])
    return [finding for findings in found for finding in findings]


async def _bounded(probe: Probe, world: World, seconds: float) -> list[Finding]:
    """Return what was found at a part; whatever goes wrong with it is a finding too."""
    try:
        async with asyncio.timeout(seconds):
            return await probe.look(world)
    except TimeoutError:
        said = f"no answer within {seconds:g} s"
    except UnreachableError as error:
        said = str(error)
    except Exception as error:  # noqa: BLE001 - the other probes' findings must not be lost
        said = f"the probe failed: {type(error).__name__}"
    return [Finding(probe.name, Status.UNKNOWN, said)]


def level(value: float, warning: float, bad: float) -> Status:
    """Return the status of a figure of which more is worse."""
    if value >= bad:
        return Status.BAD
    return Status.WARNING if value >= warning else Status.OK


def bytes_text(count: float) -> str:
    """Return a number of bytes for people."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024:  # noqa: PLR2004 - the binary thousand
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def age_text(seconds: float) -> str:
    """Return a length of time for people."""
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
