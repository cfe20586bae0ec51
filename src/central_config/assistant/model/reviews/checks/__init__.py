"""The checks of a review: one file each, all of them functions from a leaf to findings.

They are ordinary code over facts, so they say the same thing twice, need no model, and cannot be
talked out of anything by what a value says.
"""

from collections.abc import Callable, Iterator, Sequence

from central_config.assistant.model.reviews.checks.localhost import localhost
from central_config.assistant.model.reviews.checks.magnitude import magnitude
from central_config.assistant.model.reviews.checks.near_miss import near_miss
from central_config.assistant.model.reviews.checks.other_environment import other_environment
from central_config.assistant.model.reviews.checks.placeholder import placeholder
from central_config.assistant.model.reviews.checks.plain_secret import plain_secret
from central_config.assistant.model.reviews.checks.protection import protection
from central_config.assistant.model.reviews.checks.type_drift import type_drift
from central_config.assistant.model.reviews.checks.white_space import white_space
from central_config.assistant.model.reviews.findings import Finding
from central_config.assistant.model.reviews.leaves import Leaf

Check = Callable[[Leaf], Iterator[Finding]]

CHECKS: Sequence[Check] = (
    type_drift,
    magnitude,
    other_environment,
    localhost,
    near_miss,
    white_space,
    placeholder,
    plain_secret,
    protection,
)


def examine(leaf: Leaf) -> Iterator[Finding]:
    """Yield what every check finds in a leaf."""
    for check in CHECKS:
        yield from check(leaf)
