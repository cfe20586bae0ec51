"""Percentiles out of a histogram of cumulative buckets, as Prometheus works them out."""

import math
from collections.abc import Mapping


def quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    """Return the value below which `share` of the observations lie; None without any.

    `buckets`: observations up to each upper bound, +Inf among them. Within a bucket they are
    taken to be spread evenly; beyond the last bound, that bound is all that is known.
    """
    total = buckets.get(math.inf, 0.0)
    if total <= 0:
        return None
    wanted, lower, below = share * total, 0.0, 0.0
    for bound in sorted(buckets):
        count = buckets[bound]
        if count >= wanted:
            if math.isinf(bound):
                return lower
            inside = count - below
            return bound if inside <= 0 else lower + (bound - lower) * (wanted - below) / inside
        lower, below = bound, count
    return lower
