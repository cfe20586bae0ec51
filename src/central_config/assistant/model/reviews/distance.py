"""Whether two texts are one slip of a finger apart."""


def slip(one: str, other: str) -> tuple[str, str] | None:
    """Return what differs in each if one letter was lost, added, replaced, or two swapped.

    None: the texts are equal, or further apart.
    """
    if one == other or abs(len(one) - len(other)) > 1:
        return None
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    end = 0
    most = min(len(one), len(other)) - start
    while end < most and one[-1 - end] == other[-1 - end]:
        end += 1
    left, right = one[start : len(one) - end], other[start : len(other) - end]
    swapped = len(left) == len(right) == 2 and left == right[::-1]  # noqa: PLR2004 - a pair
    return (left, right) if swapped or max(len(left), len(right)) == 1 else None
