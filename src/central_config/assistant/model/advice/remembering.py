"""What becomes of recommendations from one scan to the next: nothing is said twice in vain."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from central_config.assistant.model.advice.advice import Advice

OPEN, ACCEPTED, DISMISSED = "open", "accepted", "dismissed"
# Recommendations of a kind that are open at a time: more than a person goes through.
MOST = 100


class Recommendation(msgspec.Struct, frozen=True, kw_only=True):
    """An advice that was given, and what was decided.

    Attributes:
        id: its name.
        advice: what was found.
        facts: what it rested on.
        status: open, accepted (a draft was made) or dismissed.
        found_at, seen_at: the first and the last scan that found it.
        decided_at, decided_by, reason: the decision; of one given again, the one before.
        change_id: the draft that was made of it.
        pending: whether that change is neither published nor rejected nor deleted.
    """

    id: UUID
    advice: Advice
    facts: str
    status: str
    found_at: datetime
    seen_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str | None = None
    change_id: UUID | None = None
    pending: bool = False


class Sighting(NamedTuple):
    """An advice of a scan with what it rests on."""

    advice: Advice
    facts: str


class Merged(NamedTuple):
    """What a scan makes of what is known: to add, to give again or to confirm, and to forget."""

    new: list[Sighting]
    again: list[tuple[Recommendation, Sighting]]
    gone: list[Recommendation]


def settled(known: Recommendation, facts: str) -> bool:
    """Tell whether an advice is not to be given again.

    It was dismissed, and rests on the same facts; or its draft is on its way.
    """
    if known.status == ACCEPTED:
        return known.pending
    return known.status == DISMISSED and known.facts == facts


def merge(known: Mapping[str, Recommendation], found: Iterable[Sighting]) -> Merged:
    """Return what a scan changes; `known` by subject.

    What was dismissed is remembered, whether it is found again or not.
    """
    merged = Merged([], [], [])
    seen: set[str] = set()
    for each in found:
        subject = each.advice.subject
        if subject in seen:
            continue
        seen.add(subject)
        before = known.get(subject)
        if before is None:
            merged.new.append(each)
        elif not settled(before, each.facts):
            merged.again.append((before, each))
    for subject, before in known.items():
        kept = before.status == DISMISSED or (before.status == ACCEPTED and before.pending)
        if subject not in seen and not kept:
            merged.gone.append(before)
    return merged
