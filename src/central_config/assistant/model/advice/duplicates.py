"""Values that several keys of one environment repeat: one to keep, the others refer to it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from uuid import UUID

from central_config.assistant.model.advice.advice import Advice, AdvisedEdit
from central_config.assistant.model.advice.ground import Ground
from central_config.configurations.model.cells import ACTIVE, Site

# A text of that length at that many keys is no coincidence.
_LONG, _KEYS = 12, 3
# Edits one draft gets; more is data rather than settings.
_MOST = 50


def duplicates(ground: Ground) -> Iterator[Advice]:
    """Find long texts that stand in three keys or more of an environment."""
    for environment_id in ground.topology.by_id:
        by_value: dict[bytes, list[str]] = defaultdict(list)
        for key, cell in sorted(ground.state.layer(environment_id).items()):
            text = cell.body.startswith(b'"') and len(cell.body) >= _LONG + 2
            if text and cell.status == ACTIVE and not cell.marked and ground.plain(cell, key):
                by_value[cell.body].append(key)
        for keys in by_value.values():
            if _KEYS <= len(keys) <= _MOST and _same_below(ground, environment_id, keys):
                yield _advice(ground, environment_id, keys)


def _same_below(ground: Ground, environment_id: UUID, keys: Sequence[str]) -> bool:
    """Tell whether a reference would be read alike everywhere.

    It is looked up in the environment that is read, so an heir that sets one of the keys itself
    would get something else for the others.
    """
    below = [each for each in ground.topology.subtree(environment_id) if each != environment_id]
    return not any(ground.state.own(Site(each, key)) for each in below for key in keys)


def _advice(ground: Ground, environment_id: UUID, keys: Sequence[str]) -> Advice:
    kept = min(keys, key=lambda key: (key.count("/"), len(key), key))
    others = [key for key in keys if key != kept]
    return Advice(
        kind="duplicate",
        title=f"{len(keys)} keys of {ground.slug(environment_id)} repeat the value of {kept}",
        effect=f"Readers get the same values; {kept} is then the only one to change.",
        places=tuple(Site(environment_id, key) for key in (kept, *others)),
        steps=tuple(
            AdvisedEdit(site=Site(environment_id, key), action="set", value=f"${{{kept}}}")
            for key in others
        ),
        rank=len(keys),
    )
