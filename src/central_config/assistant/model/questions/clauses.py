"""What tokens of a question may mean."""

from typing import Literal

import msgspec

Slot = Literal[
    "noise",
    "unknown",
    "join",  # `and`, `or`, `,` outside a list of environments
    "intent",
    "whether",  # `is it`, `does it`: asked of one key, its row is the answer
    "who",
    "when",
    "where",
    "was",
    "how",
    "same",
    "which_environment",
    "everywhere",
    "here",
    "environment",
    "stage",  # environments of which a part is called so: `prod`, ...
    "region",  # ... `europe`; both together mean those that are both
    "environment_noun",
    "author",
    "key",
    "path",  # a key that exists and has keys below it, or a beginning of keys
    "beginning",
    "words",
    "below",
    "ending",
    "text",  # what keys must hold, whatever word it is
    "many",
    "value",
    "contains",
    "bare_value",
    "status",
    "secret",
    "own",
    "set",
    "defined",
    "uses",
    "state",
    "recent",
    "made",
    "by",
    "action",
    "period",
    "lapse",
    "last",
    "newest",
    "limit",
    "count",
    "kinds",
    "only",
    "absent",
    "lacking",
    "idle",
]


class Clause(msgspec.Struct, frozen=True):
    """A meaning of the tokens from `start` to `end`.

    Attributes:
        start: offset of the first token in the text.
        end: offset just behind the last.
        cost: how far-fetched it is; the cheapest row of clauses wins.
        means: slots and what they are filled with.
    """

    start: int
    end: int
    cost: float
    means: tuple[tuple[Slot, object], ...]


# A word that can be nothing else where it stands, whatever it is elsewhere: `the us`.
SURE = 0.1
NOISE = 0.2
CUE = 0.4
NAME = 0.5
KEY = 0.6
WORDS = 1.0
GROUP = 1.1
GUESS = 1.5
UNKNOWN = 100.0
