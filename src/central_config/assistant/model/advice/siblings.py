"""Keys that are called alike under different names: `services/*/timeout`; one that stands out."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from uuid import UUID

from central_config.assistant.model.advice.advice import Advice, AdvisedEdit
from central_config.assistant.model.advice.ground import Ground, type_of, value_of
from central_config.configurations.model.cells import Site
from central_config.core.json import JSON, encode

# So many siblings at least, and so large a share of them alike, say what is usual.
_SIBLINGS, _ALIKE = 5, 0.75
# A number that many times larger or smaller than the usual one is no tuning.
_FAR = 10.0
# Keys are looked at in groups; a larger one is data rather than settings.
_LARGEST = 2_000


def outliers(ground: Ground) -> Iterator[Advice]:
    """Find numbers and types far from what most siblings have."""
    for environment_id in ground.topology.by_id:
        for group in _groups(ground, environment_id).values():
            if _SIBLINGS <= len(group) <= _LARGEST:
                yield from _standing_out(ground, environment_id, group)


def _groups(ground: Ground, environment_id: UUID) -> Mapping[tuple[str, str], dict[str, JSON]]:
    """Return values by `services/*/timeout`, for each the keys it stands for."""
    found: dict[tuple[str, str], dict[str, JSON]] = defaultdict(dict)
    for key, served in ground.state.entries(environment_id):
        parts = key.rsplit("/", 2)
        value = value_of(served)
        if len(parts) == 3 and value is not None:  # noqa: PLR2004 - before, name, setting
            found[parts[0], parts[2]][key] = value
    return found


def _standing_out(
    ground: Ground, environment_id: UUID, group: Mapping[str, JSON]
) -> Iterator[Advice]:
    common, times = Counter(encode(value) for value in group.values()).most_common(1)[0]
    if times < len(group) * _ALIKE or times == len(group):
        return
    usual, value = next((key, it) for key, it in group.items() if encode(it) == common)
    before, _, setting = usual.rsplit("/", 2)
    for key, held in group.items():
        site = Site(environment_id, key)
        cell = ground.state.own(site)
        # Told where it is held, not in each environment that inherits it.
        if cell is None or not ground.plain(cell, key) or not _far(held, value):
            continue
        yield Advice(
            kind="outlier",
            title=f"{key} in {ground.slug(environment_id)} is unlike {times} of"
            f" {len(group) - 1} keys {before}/*/{setting}",
            effect="It gets the value that most of its siblings have.",
            places=(site, Site(environment_id, usual)),
            steps=(AdvisedEdit(site=site, action="set", source=Site(environment_id, usual)),),
            rank=times,
        )


def _far(value: JSON, usual: JSON) -> bool:
    if type_of(value) != type_of(usual):
        return True
    if isinstance(value, bool) or isinstance(usual, bool):
        return False
    if not isinstance(value, (int, float)) or not isinstance(usual, (int, float)):
        return False
    if value == 0 or usual == 0 or (value < 0) != (usual < 0):
        return value != usual
    return not 1 / _FAR < value / usual < _FAR
