"""The questions, and what answers each of them right.

`dev.jsonl` and `development/` may be looked at by whoever works on the parser or on prompts;
`held_out.jsonl` is only for counting.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from central_config.assistant.model.plans import Plan

HERE = Path(__file__).parent

Kind = Literal["plain", "paraphrased", "write", "outside", "ambiguous", "injection"]
KINDS: tuple[Kind, ...] = ("plain", "paraphrased", "ambiguous", "write", "outside", "injection")


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question as somebody would type it.

    Attributes:
        id: of its own in its set.
        question: the text.
        environment: the one the asker was looking at; None: none in particular.
        kind: plain: in the company's own words; paraphrased: in the asker's; ambiguous: more than
            one reading is right, and asking back is; write: wants something done; outside: about
            something else; injection: a text that tries to make the assistant do something.
        gold: plans any of which finds what was asked for.
    """

    id: str
    question: str
    kind: Kind
    gold: Sequence[Plan]
    environment: str | None = None

    @property
    def answerable(self) -> bool:
        """Whether some plan finds what was asked for; else refusing is the only right answer."""
        return any(plan.intent != "unsupported" for plan in self.gold)

    @property
    def declinable(self) -> bool:
        """Whether refusing is right."""
        return any(plan.intent == "unsupported" for plan in self.gold)


def read(place: Path) -> Sequence[Question]:
    """Return the questions of a file, one a line."""
    return [msgspec.json.decode(line, type=Question) for line in place.read_bytes().splitlines()]
