"""The filters of a plan, as a question bears them out: its own words first, then the model's."""

import re
from datetime import datetime, timedelta
from typing import Literal, cast

from central_config.assistant.model.planning import literals, sides
from central_config.assistant.model.planning.facts import Facts
from central_config.assistant.model.planning.narrowing import Aim
from central_config.assistant.model.plans import MOST, Action, Kind, Plan, Status
from central_config.assistant.model.questions.spans import NUMBER, lapse

_DAY = timedelta(days=1)
_MOST_DAYS = 3650
_ENOUGH = re.compile(r"\b(\d{1,3}) (?:will do|is enough|are enough|is plenty|suffices?)\b")
# `the last three things alice did`; `the last three months` are a time.
_SOME = re.compile(
    rf"\b(?:last|latest|newest|past|previous|most recent) ({NUMBER}) (?:things|times|actions|items"
    r"|ones|of|edits|changes|modifications|updates|entries|steps|publications|commits)\b"
)
_PARTS = re.compile(r"[-_.]")
_STATUSES: tuple[Literal["deprecated", "archived", "draft"], ...] = (
    "deprecated",
    "archived",
    "draft",
)


def places(plan: Plan, facts: Facts) -> tuple[str, ...]:
    """Return where to look: as named; else what the model takes a word for that is part of a name.

    `us` may be a country in `prod-us`, or nobody's business: it counts where the model thinks so.
    """
    if facts.environments or facts.says("everywhere", "which_environment"):
        return facts.places
    real = [slug for slug in plan.environments if slug in facts.vocabulary.environments]
    return tuple(slug for slug in real if _is_partly_said(slug, facts)) or facts.places


def author(plan: Plan, facts: Facts) -> str | None:
    """Return who did it: as named; else the model's, if a part of the name is said (`the bot`)."""
    named = facts.author()
    if named is None and plan.author in facts.vocabulary.users and plan.author is not None:
        return plan.author if _is_partly_said(plan.author, facts) else None
    return named


def _is_partly_said(name: str, facts: Facts) -> bool:
    return not set(_PARTS.split(name.lower())).isdisjoint(facts.tokens)


def switch(facts: Facts, goal: Aim) -> str | None:
    """Return the value of what is switched on or off, unless one is meant, whose row tells."""
    if goal.key is not None or facts.whether:
        return None
    if facts.hints_at("off"):
        return None if facts.hints_at("on") else "false"
    return "true" if facts.hints_at("on") else None


def value(facts: Facts) -> str | None:
    """Return the value that is looked for."""
    for slot in ("value", "contains"):
        said = facts.first(slot)
        if isinstance(said, str):
            return said
    literal = literals.contrasted(facts) or facts.literal()
    if (
        literal is not None
        and not literals.goes_on(facts, literal)
        and (facts.hints_at("value") or literals.stands_as_value(facts, literal))
    ):
        return literal
    return literals.part(facts)


def is_part(wanted: str | None, facts: Facts) -> bool:
    """Return whether the value is to contain it: it is said so, or no value is just this."""
    if facts.says("contains"):
        return True
    if wanted is None or facts.says("bare_value"):
        return False
    if wanted == literals.part(facts):
        return True
    return not facts.vocabulary.is_value(wanted) and not wanted.isdigit()


def status(plan: Plan, facts: Facts) -> Status | None:
    """Return the status that is looked for."""
    said = facts.first("status")
    if isinstance(said, str):
        return cast("Status", said)  # the cue names no other
    for one in _STATUSES:
        if facts.newly(one) or (facts.hints_at(one) and plan.status == one):
            return one
    return None


def secret(plan: Plan, facts: Facts, goal: Aim) -> bool | None:
    """Return whether only secrets, or only what is none, is looked for."""
    said = facts.first("secret")
    if goal.key is not None and "secrets" not in facts.tokens:
        return None  # `the secret that signs tokens`: that one is meant, whatever it is
    if isinstance(said, bool):
        return said
    if "secret" in goal.words:
        return None
    if facts.lists_secrets:
        return True
    return True if plan.secret and facts.hints_at("secret") else None


def own(facts: Facts) -> bool | None:
    """Return whether only what is set in the environment itself, or inherited, is looked for."""
    if sides.own_or_inherited(facts):
        return None
    from_parent = sides.from_parent(facts)
    if from_parent is not None:
        return not from_parent
    said = facts.first("own")
    if isinstance(said, bool):
        return said
    if facts.hints_at("own") and len(facts.places) == 1:
        return True
    return False if facts.hints_at("inherited") else None


def action(plan: Plan, facts: Facts) -> Action | None:
    """Return the kind of change that is looked for."""
    said = facts.first("action")
    if isinstance(said, str):
        return cast("Action", said)
    if facts.hints_at("removed"):
        return "remove"
    return "set" if plan.action == "set" and facts.hints_at("set") else None


def absent(facts: Facts) -> str | None:
    """Return the environment that lacks what the other has, if the question says so."""
    if not facts.hints_at("missing"):
        return None
    lacking = sides.lacking(facts)
    if lacking is not None:
        return lacking
    before = ""
    for slot, value in facts.order:
        if slot == "environment":
            if before == "absent":
                return str(value)
            if before == "only":
                return next(each for each in facts.environments if each != value)
        if slot == "lacking" and before == "environment":
            return facts.environments[-1]
        before = slot
    return None


def limit(facts: Facts) -> int | None:
    """Return how many rows are asked for."""
    said = facts.first("limit")
    spoken = " ".join(facts.tokens)
    enough = _ENOUGH.search(spoken)
    if said is None and enough:
        said = int(enough[1])
    some = _SOME.search(spoken)
    if said is None and some:
        said = lapse(f"{some[1]} days").days
    return said if isinstance(said, int) and 1 <= said <= MOST else None


def counts(plan: Plan, facts: Facts) -> bool:
    """Return whether the number is asked for: of configurations, not what one of them says."""
    return facts.hints_at("count") and (plan.count or facts.says("count"))


def days(facts: Facts) -> int:
    """Return for how many days nothing happened, as said; else what a plan says by itself."""
    since = facts.period().since
    long = facts.first("lapse")
    said = (facts.now - since) // _DAY if since else 0
    if not since and isinstance(long, timedelta):
        said = long // _DAY
    return said if 1 <= said <= _MOST_DAYS else Plan(intent="stale").days


def moment(when: datetime | None) -> str | None:
    """Return a moment as plans write it."""
    return when and when.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def kinds(facts: Facts) -> tuple[Kind, ...]:
    """Return the differences that are looked for; none: all."""
    said = facts.first("kinds")
    if isinstance(said, tuple):
        return cast("tuple[Kind, ...]", said)
    # `which values did prod change compared to base`: what both have, and not alike.
    return ("changed",) if facts.changes_values else ()


def idle(facts: Facts) -> Literal["read", "changed"]:
    """Return what has not happened."""
    said = facts.first("idle")
    if said is not None:
        return "changed" if said == "changed" else "read"
    return "changed" if facts.hints_at("unchanged") else "read"
