"""Figures as people read them."""


def size_text(size: float) -> str:
    """Return bytes in the unit that leaves few digits."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:  # noqa: PLR2004 - of one unit are the next one
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def time_text(seconds: float) -> str:
    """Return a duration in the unit that leaves few digits."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.3g} s"
