"""A number far from what it was and from what it is elsewhere: a zero too many, seconds for ms.

A number that was the same order of magnitude once, or is in another environment, is no surprise.
"""

from collections.abc import Iterator

from msgspec import UNSET

from central_config.assistant.model.language.words import words
from central_config.assistant.model.reviews.checks.making import found
from central_config.assistant.model.reviews.findings import Finding, Severity
from central_config.assistant.model.reviews.leaves import Leaf, MaybeJSON
from central_config.assistant.model.reviews.quantities import Quantity, quantity
from central_config.assistant.model.reviews.quoting import quoted

# How many times more or less is far (and very far) from a value of the same leaf.
_FAR, _VERY_FAR = 8.0, 90.0
# ... and from those of the same name in neighbouring groups, of which there must be some.
_FAR_COUSIN, _COUSINS = 100.0, 3
# Numbers that are names: which one it is tells nothing about how much.
_NAMES = frozenset(
    {"port", "ports", "id", "uid", "gid", "version", "seed", "code", "status", "year", "pid"}
    | {"vlan", "asn", "revision", "build", "release", "date", "salt", "number"}
)
# ... unless their last word says that it is an amount: `status_code_retries`, `id_cache_ttl`.
_AMOUNTS = frozenset(
    {"limit", "timeout", "interval", "count", "size", "retries", "delay", "ttl", "age", "length"}
    | {"ms", "millis", "seconds", "secs", "minutes", "hours", "days", "bytes", "kb", "mb", "gb"}
    | {"percent", "rate", "attempts", "period", "threshold", "workers", "threads", "lifetime"}
    | {"duration", "wait", "factor", "buffer", "quota", "capacity"}
)
_PORTS = range(1, 65_536)


def magnitude(leaf: Leaf) -> Iterator[Finding]:
    """Find a number that lies far from every one it is measured by."""
    now = quantity(leaf.after)
    if now is None:
        return
    named = words(leaf.name)
    amount = bool(named) and named[-1] in _AMOUNTS
    if "port" in named and not amount and isinstance(leaf.after, int) and leaf.after > max(_PORTS):
        said = f"{quoted(leaf.name, leaf.after)} is no port: the last one is {max(_PORTS)}"
        yield found(leaf, "magnitude", "high", said, "Correct the port.")
    elif amount or not _NAMES & set(named):
        yield from _compare(leaf, now)


def _compare(leaf: Leaf, now: Quantity) -> Iterator[Finding]:
    same = _same_leaf(leaf, now)
    if same:
        nearest, where, value = min(same, key=lambda it: it[0])
        if nearest >= (_VERY_FAR if _from_one(leaf.after, value) else _FAR):
            yield _finding(leaf, nearest, where, value)
        return
    cousins = [
        (_ratio(now, other), key, value)
        for key, value in leaf.cousins.items()
        if (other := quantity(value)) is not None and other.dimension == now.dimension
    ]
    if len(cousins) >= _COUSINS and min(cousins)[0] >= _FAR_COUSIN:
        nearest, key, value = min(cousins, key=lambda it: it[0])
        yield _finding(leaf, nearest, f"in {key}", value)


def _from_one(*values: MaybeJSON) -> bool:
    """Tell whether one of two numbers is a bare 1, which means "one by one" or "hardly any".

    1.0 is an amount, of seconds say, and so is 1 with a unit.
    """
    return any(each == "1" or (isinstance(each, int) and each == 1) for each in values)


def _same_leaf(leaf: Leaf, now: Quantity) -> list[tuple[float, str, MaybeJSON]]:
    """Return how far it is from each value this very leaf has or had somewhere."""
    known: list[tuple[str, MaybeJSON]] = [("earlier", value) for value in leaf.history]
    known += [(f"in {environment}", value) for environment, value in leaf.elsewhere.items()]
    if leaf.before is not UNSET:
        known.insert(0, ("before", leaf.before))
    compared: list[tuple[float, str, MaybeJSON]] = []
    for where, value in known:
        other = quantity(value)
        # 0 and -1 often mean "none" or "no limit": nothing is ten times as much.
        if other is not None and other.dimension == now.dimension and other.amount > 0:
            compared.append((_ratio(now, other), where, value))
    return compared


def _ratio(one: Quantity, other: Quantity) -> float:
    """Return how many times the larger is the smaller; 1 where that means nothing."""
    if one.amount <= 0 or other.amount <= 0:
        return 1.0
    return max(one.amount / other.amount, other.amount / one.amount)


def _finding(leaf: Leaf, ratio: float, where: str, value: MaybeJSON) -> Finding:
    severity: Severity = "medium"
    if ratio >= _VERY_FAR and leaf.production:
        severity = "high"
    shown, other = quoted(leaf.name, leaf.after), quoted(leaf.name, value)
    said = f"{shown} is {ratio:,.0f} times as far as the nearest known value, {other} ({where})"
    advice = "Check the zeros and the unit."
    return found(leaf, "magnitude", severity, said, advice)
