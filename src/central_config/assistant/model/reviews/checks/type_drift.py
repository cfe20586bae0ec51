"""A value of another type: `"5432"` where a number was, `"false"` where a boolean was.

Programs read it, and take `"false"` for true.
"""

from collections import Counter
from collections.abc import Iterator

from msgspec import UNSET

from central_config.assistant.model.reviews.checks.making import found
from central_config.assistant.model.reviews.findings import Finding, Severity
from central_config.assistant.model.reviews.leaves import Leaf, MaybeJSON
from central_config.assistant.model.reviews.quantities import quantity
from central_config.assistant.model.reviews.quoting import quoted
from central_config.assistant.model.reviews.templates import templated
from central_config.core.json import JSON

# In this order: a boolean is an int to Python.
_NAMES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "number"),
    (float, "number"),
    (str, "text"),
    (list, "list"),
    (dict, "object"),
)
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
# As many neighbours must agree before they count as a rule.
_ENOUGH = 3


def kind(value: MaybeJSON) -> str | None:
    """Return the type of a value in words; None for null, and for what is empty: it has none."""
    if value is UNSET or (isinstance(value, (str, list, dict)) and not value):
        return None
    return next((name for kind_, name in _NAMES if isinstance(value, kind_)), None)


def type_drift(leaf: Leaf) -> Iterator[Finding]:
    """Find a value of another type than before, than elsewhere, or than what is called alike."""
    if leaf.after is UNSET or templated(leaf.after):
        return
    expected = _expected(leaf)
    if expected is None:
        return
    wanted, where, example = expected
    now = kind(leaf.after)
    if now == wanted:
        return
    shown = quoted(leaf.name, leaf.after)
    said = f"{shown} is {_a(now)}; {where} it is {_a(wanted)}, {quoted(leaf.name, example)}"
    advice = f"Write it as {_a(wanted)}, or make sure that every reader takes {_a(now)}."
    yield found(leaf, "type-drift", _severity(leaf, wanted, now), said, advice)


def _expected(leaf: Leaf) -> tuple[str, str, JSON] | None:
    """Return the type it should have, where that is from, and an example."""
    before = kind(leaf.before)
    filled = templated(leaf.before)  # it was of whatever type was filled in
    if before is not None and leaf.before is not UNSET and not filled:
        return before, "before", leaf.before
    for environment, value in leaf.elsewhere.items():
        other = kind(value)
        if other is not None and not templated(value):
            return other, f"in {environment}", value
    if filled:
        return None
    for value in leaf.history:
        earlier = kind(value)
        if earlier is not None and not templated(value):
            return earlier, "earlier", value
    return _agreed(leaf)


def _agreed(leaf: Leaf) -> tuple[str, str, JSON] | None:
    """Return the type that all of the same name in neighbouring groups have."""
    if any(templated(value) for value in leaf.cousins.values()):
        return None
    kinds = Counter(found for value in leaf.cousins.values() if (found := kind(value)))
    if len(kinds) != 1 or kinds.total() < _ENOUGH:
        return None
    wanted = next(iter(kinds))
    key, example = next((key, it) for key, it in leaf.cousins.items() if kind(it) == wanted)
    return wanted, f"in {key}", example


def _severity(leaf: Leaf, wanted: str, now: str | None) -> Severity:
    if now is None or _repaired(leaf):  # null often means: as it comes
        return "low"
    if wanted == "number" and isinstance(leaf.after, str) and _with_unit(leaf.after):
        return "low"
    if now == "text" and wanted in {"number", "boolean"} and _reads_as(leaf.after, wanted):
        return "high" if leaf.production else "medium"
    return "medium"


def _repaired(leaf: Leaf) -> bool:
    """Tell whether a text that said a boolean, `"no"`, became that boolean wherever it stood.

    Numbers are another matter: `"0123"` and `"1.10"` lose something with their quotes.
    """
    before = leaf.before
    if not isinstance(before, str) or not isinstance(leaf.after, bool):
        return False
    same = _BOOLEANS.get(before.strip().lower()) is leaf.after
    return same and all(not isinstance(value, str) for value in leaf.elsewhere.values())


def _with_unit(text: str) -> bool:
    """Tell whether a text is a number with a unit, which was written on purpose."""
    found = quantity(text)
    return found is not None and bool(found.dimension)


def _reads_as(value: MaybeJSON, wanted: str) -> bool:
    """Tell whether a text would be of the wanted type without its quotes."""
    text = str(value).strip().lower()
    if wanted == "boolean":
        return text in _BOOLEANS
    try:
        float(text)
    except ValueError:
        return False
    return True


def _a(kind_: str | None) -> str:
    if kind_ is None:
        return "null"
    return f"an {kind_}" if kind_ == "object" else f"a {kind_}"
