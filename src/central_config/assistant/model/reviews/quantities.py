"""Numbers as configuration writes them: plain, or with a unit (`30s`, `512MiB`, `1_000`)."""

import re
from typing import NamedTuple

from central_config.assistant.model.reviews.leaves import MaybeJSON

_WITH_UNIT = re.compile(r"\s*(-?\d[\d_]*(?:\.\d+)?)\s*([A-Za-zµ%]{0,12})\s*")
_TIMES = {
    **dict.fromkeys(("ns",), 1e-9),
    **dict.fromkeys(("us", "µs"), 1e-6),
    **dict.fromkeys(("ms", "millis", "milliseconds"), 1e-3),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604_800.0),
}
_SIZES = {
    "b": 1.0,
    "bytes": 1.0,
    **{
        spelled.lower(): base**power
        for power, letter in enumerate("kmgtp", 1)
        for spelled, base in (
            (f"{letter}", 1000.0),
            (f"{letter}b", 1000.0),
            (f"{letter}i", 1024.0),
            (f"{letter}ib", 1024.0),
        )
    },
}


class Quantity(NamedTuple):
    """An amount in the base unit of its `dimension`: seconds, bytes, or "" for a bare number."""

    amount: float
    dimension: str


def quantity(value: MaybeJSON) -> Quantity | None:
    """Return the number a value stands for; None where it stands for none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return Quantity(float(value), "")
    read = _WITH_UNIT.fullmatch(value) if isinstance(value, str) and len(value) <= 40 else None  # noqa: PLR2004 - longer texts are no numbers
    if read is None:
        return None
    number, unit = float(read[1].replace("_", "")), read[2]
    return _of(number, unit)


def _of(number: float, unit: str) -> Quantity | None:
    if not unit:
        return Quantity(number, "")
    # `M` and `Mi` are sizes, `m` is minutes: case decides where both would do.
    if unit in _TIMES:
        return Quantity(number * _TIMES[unit], "time")
    if unit.lower() in _SIZES:
        return Quantity(number * _SIZES[unit.lower()], "size")
    if unit.lower() in _TIMES:
        return Quantity(number * _TIMES[unit.lower()], "time")
    return Quantity(number, unit) if unit == "%" else None
