"""How the tables of cues are written, and what their shorthand stands for.

A pattern is a regular expression over the text of a question in which every `(` groups without
capturing, and `<name>` stands for what `MACROS` says. A `<n>`, `<lapse>` or `<it>` is what the
marked slot is filled with.
"""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TypeAlias

from central_config.assistant.model.language.listed import listed
from central_config.assistant.model.questions.clauses import Slot
from central_config.assistant.model.questions.spans import NUMBER


class Said(Enum):
    """That a slot is filled with what the question says there."""

    NUMBER = "number"
    LAPSE = "lapse"
    TEXT = "text"


# Verbs of asking that may be words of keys as well: they ask only where an asking verb stands.
VERBS = listed("""
    display list get fetch search look lookup print output return report view need help name
    names named called up
""")
# After these, they are words of keys: `the search settings`.
DETERMINERS = frozenset(
    ("the", "all", "every", "of", "about", "for", "in", "below", "under", "underneath")
)

Row: TypeAlias = tuple[str, Mapping[Slot, object]]
Rows: TypeAlias = Sequence[Row]

_MANY = "keys|configurations|configs|settings|values|entries|parameters|params|options|properties"
MACROS = {
    "environments": "(environments|envs)",
    "n": f"(?P<it>{NUMBER})",
    "lapse": rf"(?P<it>{NUMBER}[ -](day|week|month|year|quarter|fortnight)s?|\d+[dwy])",
    "it": r"(?P<it>[^\s,]+)",
    "changed": (
        "(chang(ed|es?|ing)|updated?|modif(ied|y)|edit(ed)?|touch(ed)?|alter(ed)?|adjust(ed)?|"
        "tweak(ed)?|rotat(ed?|ing)|bump(ed)?|replaced?|overwr(o|i)te|overwritten|rolled out|"
        "ship(ped)?|(mess(ed)?|fiddled?|play(ed)?|tinker(ed)?) with)"
    ),
    "changes": "(changes|edits|updates|modifications|adjustments|revisions)",
    "change": "(change|edit|update|modification)",
    "read": (
        "(reads?|uses?|used|access(ed)?|requested|fetched|looked at|looked up|queried|consumed|"
        "needs?|needed|retrieved)"
    ),
    "has": "((has|have|had|was|were|is|are|did|does|do|been|being|got) )",
    "that": "((that|which) )?",
    "of": "( (to|of|in|for))?",
    "latest": "(last|latest|most recent|newest|recent)",
    "many": f"({_MANY}|variables|items)",
    "noun": f"({_MANY}|key|configuration|config|setting|value|entry|parameter|option|item|one)",
    "nobody": "(nobody|no one|no-one|noone|none)",
    "sensitive": "(sensitive|confidential|encrypted|masked)",
}


def compiled(pattern: str) -> re.Pattern[str]:
    """Return the expression that a pattern of a table stands for, up to the end of a token."""
    return expression(f"({pattern})(?= |$)")


def expression(pattern: str) -> re.Pattern[str]:
    """Return the expression that a pattern stands for, anywhere in a text."""
    text = re.sub(r"(?<!P)<([a-z]+)>", lambda found: MACROS[found[1]], pattern)
    return re.compile(re.sub(r"(?<!\\)\((?!\?)", "(?:", text))
