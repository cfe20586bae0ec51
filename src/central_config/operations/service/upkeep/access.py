"""Who may do what: users, roles and API keys that somebody should decide about."""

from collections import Counter
from collections.abc import Mapping, Sequence

from central_config.access.service.review import Finding, gather
from central_config.core.json import JSON
from central_config.operations.model.reports import Section, Status
from central_config.operations.service.upkeep.ground import Ground

# Findings that are named; a report is read by people.
_NAMED = 20
_KEYS = "key-"


async def users(ground: Ground) -> Section:
    """Look for users and roles that are not used."""
    review = await gather(ground.database, ground.clock)
    found = [each for each in review.findings if not each.kind.startswith(_KEYS)]
    administrators = list[JSON](review.administrators)
    people = f"{len(administrators)} administrators among {len(review.accounts)} users; "
    facts = {**_counted(found), "administrators": administrators}
    return _section("access", found, people, facts, "ccfg user review")


async def api_keys(ground: Ground) -> Section:
    """Look for API keys that are old, unused or without an end."""
    review = await gather(ground.database, ground.clock)
    found = [each for each in review.findings if each.kind.startswith(_KEYS)]
    return _section("api keys", found, "", _counted(found), "ccfg key list --older-than 180d")


def _counted(found: Sequence[Finding]) -> dict[str, JSON]:
    return dict[str, JSON](Counter(each.kind for each in found))


def _section(
    name: str, found: Sequence[Finding], begin: str, facts: Mapping[str, JSON], advice: str
) -> Section:
    if not found:
        return Section(name, Status.OK, f"{begin}nothing to decide", facts)
    named = ", ".join(f"{each.name} ({each.kind})" for each in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return Section(name, Status.WARNING, f"{begin}to decide: {named}{more}", facts, [advice])
