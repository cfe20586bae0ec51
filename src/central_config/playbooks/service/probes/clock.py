"""The clocks of this machine and of the database: expiry and audit times rest on both."""

import time

from central_config.core.json import JSON
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.probes.looking import level
from central_config.playbooks.service.world import World
from central_config.playbooks.store import questions

_APART, _FAR_APART = 1.0, 30.0  # seconds


async def probe(world: World) -> list[Finding]:
    """Compare with the middle of the question's way there and back."""
    before = time.time()
    theirs = float((await world.rows(questions.CLOCK))[0]["moment"])
    after = time.time()
    skew = abs(theirs - (before + after) / 2)
    # Less than the way took cannot be told.
    certain = max(0.0, skew - (after - before) / 2)
    facts: dict[str, JSON] = {"seconds": certain, "round_trip_seconds": after - before}
    if level(certain, _APART, _FAR_APART) is Status.OK:
        return [Finding("clock.skew", Status.OK, "the database's clock agrees with ours", facts)]
    said = f"the database's clock is {certain:.1f} s apart from ours: check NTP on both"
    return [Finding("clock.skew", level(certain, _APART, _FAR_APART), said, facts)]
