"""What is said of keys by who reads them: nobody any more, or still somebody."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from central_config.assistant.model.advice.advice import Advice, AdvisedEdit
from central_config.assistant.model.advice.ground import Ground
from central_config.configurations.model.cells import ARCHIVED, DEPRECATED, Site

# Days without a read after which a key is called unused.
IDLE = 30


def candidates(ground: Ground) -> list[Site]:
    """Return what could be archived if nobody reads it: what no other value refers to."""
    found: list[Site] = []
    for environment_id in ground.topology.by_id:
        below = list(ground.topology.subtree(environment_id))
        for key in sorted(ground.state.layer(environment_id)):
            site = Site(environment_id, key)
            needed = any(ground.state.dependents(Site(each, key)) for each in below)
            served = ground.state.served(site)
            if served is not None and served.origin == environment_id and not needed:
                found.append(site)
    return found


def unused(ground: Ground, sites: Sequence[Site], since: datetime) -> Iterator[Advice]:
    """Tell of keys that nobody has read, by name or with others, for as long as it is counted."""
    for site in sites:
        here = ground.slug(site.environment_id)
        deprecated = _deprecated(ground, site)
        words = "deprecated, and nobody reads it any more" if deprecated else "read by nobody"
        yield Advice(
            kind="unused",
            title=f"{site.key} in {here}: {words} for {IDLE} days or more"
            f" (reads are counted since {since.date().isoformat()})",
            effect=f"It is served no more in {here} and where it is inherited from there;"
            " its value is kept, and it can be made active again.",
            places=(site,),
            steps=(AdvisedEdit(site=site, action="status", status=ARCHIVED),),
            rank=float(deprecated),
        )


def deprecated(ground: Ground) -> list[Site]:
    """Return what is deprecated where it is held."""
    return [
        Site(environment_id, key)
        for environment_id in ground.topology.by_id
        for key, cell in sorted(ground.state.layer(environment_id).items())
        if cell.status == DEPRECATED
    ]


def still_read(ground: Ground, last: Mapping[Site, tuple[datetime, int]]) -> Iterator[Advice]:
    """Tell of deprecated keys that somebody asks for by name: when last, and how often."""
    for site, (moment, reads) in last.items():
        here = ground.slug(site.environment_id)
        times = "once" if reads == 1 else f"{reads:,} times"
        yield Advice(
            kind="deprecated",
            title=f"{site.key} in {here} is deprecated and read by name:"
            f" {times}, last {moment.date().isoformat()}",
            effect="Move its readers to what takes its place; once nobody reads it, archive it.",
            places=(site,),
            rank=float(reads),
        )


def _deprecated(ground: Ground, site: Site) -> bool:
    cell = ground.state.own(site)
    return cell is not None and cell.status == DEPRECATED
