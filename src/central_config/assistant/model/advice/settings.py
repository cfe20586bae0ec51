"""Settings that belong together by their names, and contradict each other: pools, timeouts, caches.

Names are read word by word (`maxPoolSize`, `max-pool-size`, `MAX_POOL_SIZE`), amounts with the unit
of their text (`30s`) or of their name (`timeout_ms`); what has no common unit is not compared.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple
from uuid import UUID

from central_config.assistant.model.advice.advice import Advice, AdvisedEdit
from central_config.assistant.model.advice.ground import Ground, value_of
from central_config.assistant.model.language.words import words
from central_config.assistant.model.reviews.quantities import Quantity, quantity
from central_config.configurations.model.cells import Site
from central_config.core.json import JSON

_CONCERNED = re.compile(r"min|max|pool|timeout|lifetime|cache|ttl", re.IGNORECASE)
_UNITS = {
    "ms": 1e-3, "millis": 1e-3, "milliseconds": 1e-3,
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0,
    "min": 60.0, "minutes": 60.0, "hours": 3600.0, "days": 86_400.0,
}  # fmt: skip
_LOWER, _UPPER = frozenset({"min", "minimum"}), frozenset({"max", "maximum"})
_WHOLE = (
    frozenset({"timeout"}),
    frozenset({"request", "timeout"}),
    frozenset({"total", "timeout"}),
)
_CONNECT = (frozenset({"connect", "timeout"}), frozenset({"connection", "timeout"}))
_IDLE = (frozenset({"idle", "timeout"}), frozenset({"max", "idle"}))
_LIFE = (frozenset({"max", "lifetime"}), frozenset({"lifetime"}))
_CACHE, _SWITCH = frozenset({"cache"}), frozenset({"enabled"})
_LASTING = frozenset({"ttl", "expiry", "expiration"})
_HOLDING = frozenset({"size", "entries", "capacity", "items"})


class _Setting(NamedTuple):
    """A setting: its place, its name word by word without its unit, what it is set to."""

    site: Site
    words: frozenset[str]
    value: JSON
    amount: Quantity | None


_Group = list[_Setting]
_Rule = Callable[[Ground, str, _Group], Iterator[Advice]]


def contradictions(ground: Ground) -> Iterator[Advice]:
    """Find settings below one name that contradict each other."""
    for environment_id in ground.topology.by_id:
        for prefix, group in _groups(ground, environment_id).items():
            if not any(ground.state.own(each.site) for each in group):
                continue  # told where they are held
            for rule in _RULES:
                yield from rule(ground, prefix, group)


def _groups(ground: Ground, environment_id: UUID) -> Mapping[str, _Group]:
    found: dict[str, _Group] = defaultdict(list)
    for key, served in ground.state.entries(environment_id):
        value = value_of(served) if _CONCERNED.search(key) else None
        if value is not None:
            prefix, _, name = key.rpartition("/")
            found[prefix].append(_setting(Site(environment_id, key), name, value))
    return found


def _setting(site: Site, name: str, value: JSON) -> _Setting:
    found = list(words(name))
    amount = quantity(value) if isinstance(value, (int, float, str)) else None
    unit = _UNITS.get(found[-1]) if len(found) > 1 else None
    if unit is not None:
        found.pop()
        if amount is not None and not amount.dimension:
            amount = Quantity(amount.amount * unit, "time")
    return _Setting(site, frozenset(found), value, amount)


def _bounds(ground: Ground, prefix: str, group: _Group) -> Iterator[Advice]:
    """Find `min-x` above `max-x`."""
    del prefix
    uppers = {each.words - _UPPER: each for each in group if each.words & _UPPER}
    for lower in group:
        upper = uppers.get(lower.words - _LOWER) if lower.words & _LOWER else None
        if upper is not None and _above(lower, upper):
            yield _lowered(ground, "bounds", lower, upper, "the lower bound is above the upper one")


def _timeouts(ground: Ground, prefix: str, group: _Group) -> Iterator[Advice]:
    """Find a part that may take longer than the whole."""
    del prefix
    for parts, wholes, why in (
        (_CONNECT, _WHOLE, "connecting may take longer than the whole request"),
        (_IDLE, _LIFE, "it may be idle for longer than it lives"),
    ):
        for part in group:
            for whole in group:
                if part.words in parts and whole.words in wholes and _above(part, whole):
                    yield _lowered(ground, "timeout", part, whole, why)


def _pools(ground: Ground, prefix: str, group: _Group) -> Iterator[Advice]:
    """Find pools without a place, and pools larger than the server's own limit."""
    for each in group:
        key = each.site.key
        if "pool" not in key.lower() or each.amount is None or each.amount.dimension:
            continue
        if not each.words <= {"pool", "size", "max", "maximum", "connections"}:
            continue
        here = ground.slug(each.site.environment_id)
        if each.amount.amount <= 0:
            yield Advice(
                kind="pool",
                title=f"{key} in {here} is a pool without a place",
                effect="Say how many it may hold; many libraries wait for ever, or have no bound.",
                places=(each.site,),
            )
        limit = _limit(ground, each.site, prefix)
        if limit is not None and _above(each, limit):
            yield Advice(
                kind="pool",
                title=f"{key} in {here} is larger than {limit.site.key}, which it draws from",
                effect="One process alone can be refused; lower it, or raise the limit.",
                places=(each.site, limit.site),
            )


def _limit(ground: Ground, site: Site, prefix: str) -> _Setting | None:
    """Return the `max-connections` that stands beside or above a pool."""
    while True:
        for name in ("max-connections", "max_connections", "maxConnections"):
            key = f"{prefix}/{name}" if prefix else name
            place = Site(site.environment_id, key)
            value = value_of(ground.state.served(place))
            if value is not None and key != site.key:
                return _setting(place, name, value)
        if not prefix:
            return None
        prefix = prefix.rpartition("/")[0]


def _caches(ground: Ground, prefix: str, group: _Group) -> Iterator[Advice]:
    """Find caches that are on and keep nothing."""
    cached = "cache" in prefix.lower().rpartition("/")[2]
    named = [each for each in group if cached or "cache" in each.words]
    switches = [each for each in named if each.words - _CACHE == _SWITCH]
    nothing = [
        each
        for each in named
        if each.words & (_LASTING | _HOLDING)
        and each.amount is not None
        and each.amount.amount == 0
    ]
    if len(switches) == 1 and switches[0].value is True and nothing:
        switch = switches[0]
        here = ground.slug(switch.site.environment_id)
        yield Advice(
            kind="cache",
            title=f"the cache of {switch.site.key} in {here} is on and keeps nothing:"
            f" {nothing[0].site.key} is zero",
            effect="It is switched off, as it works today; or say how much it is to keep instead.",
            places=(switch.site, nothing[0].site),
            steps=(AdvisedEdit(site=switch.site, action="set", value=False),),
        )


def _above(one: _Setting, other: _Setting) -> bool:
    """Tell whether one amount is larger; never of what has no common unit, or means "no limit"."""
    if one.amount is None or other.amount is None:
        return False
    same = one.amount.dimension == other.amount.dimension
    return same and one.amount.amount > other.amount.amount > 0


def _lowered(ground: Ground, kind: str, one: _Setting, other: _Setting, why: str) -> Advice:
    """Return the advice to set one as the other; as a draft where both write amounts alike."""
    here = ground.slug(one.site.environment_id)
    alike = type(one.value) is type(other.value) and not isinstance(one.value, str)
    alike = alike and _unit(one) == _unit(other)
    steps: Iterable[AdvisedEdit] = (
        (AdvisedEdit(site=one.site, action="set", source=other.site),) if alike else ()
    )
    return Advice(
        kind=kind,
        title=f"{one.site.key} and {other.site.key} in {here} contradict each other: {why}",
        effect=f"{one.site.key} gets the value of {other.site.key}."
        if alike
        else f"Lower {one.site.key}, or raise {other.site.key}.",
        places=(one.site, other.site),
        steps=tuple(steps),
    )


def _unit(setting: _Setting) -> float:
    """Return what one of the number stands for."""
    if not isinstance(setting.value, (int, float)) or not setting.amount or not setting.value:
        return 0.0
    return round(setting.amount.amount / setting.value, 9)


_RULES: tuple[_Rule, ...] = (_bounds, _timeouts, _pools, _caches)
