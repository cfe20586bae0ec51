"""A model's plan, set right by facts: the question's own words, and what exists in this tenant.

What is written in the question (names, keys, times, numbers, values) is read from it by code and
goes before whatever a model made of it. Of what only the model says, each part stays if a word of
the question bears it out, and goes if none does.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import msgspec

from central_config.assistant.model.language.vocabulary import Vocabulary
from central_config.assistant.model.planning import filters
from central_config.assistant.model.planning.facts import Facts
from central_config.assistant.model.planning.narrowing import Aim, aim
from central_config.assistant.model.plans import Intent, Plan, unsupported
from central_config.assistant.model.questions.guard import guard

# A command may hide behind a question.
_SENTENCE = re.compile(r"(?<=[.?!:;])\s+")
_PAIR = 2
# Somebody dictates a plan or closes a tag: that is no question.
_MARKUP = re.compile(r"\{\s*[\"']\w+[\"']\s*:|</?\w+>")
# Words of times: where one is left over, the time that is meant was not understood.
_TIMES = re.compile(r"weeks?|months?|quarters?|christmas|easter|\d+(?:st|nd|rd|th)")


def check(
    plan: Plan,
    question: str,
    vocabulary: Vocabulary,
    now: datetime,
    environment: str | None = None,
) -> tuple[Plan, tuple[str, ...]]:
    """Return the plan as the facts leave it, and what was left out or guessed, in words.

    Args:
        plan: as the model wrote it.
        question: what it wrote it for.
        vocabulary: the words of the tenant, for the caller.
        now: what times are relative to, UTC.
        environment: where the caller is looking when the question names no environment.
    """
    for said in (question, *_SENTENCE.split(question)):
        refused = guard(said)
        if refused is not None and (said is question or refused == "write"):
            return unsupported(refused), ()
    if plan.intent == "unsupported":
        return unsupported(plan.reason or "unclear"), ()
    facts = Facts(question, vocabulary, now, environment)
    blank = facts.blank or _MARKUP.search(question) is not None
    if blank or facts.hints_at("wish"):
        return unsupported("unclear" if blank else "write"), ()
    goal = aim(plan, facts)
    checked = _CHECKS[_intent(plan, facts)](plan, facts, goal)
    if checked.intent == "unsupported":
        return checked, ()
    puzzling = _puzzling(facts, goal)
    if puzzling:
        return unsupported("unclear"), (f"not understood: {', '.join(puzzling)}",)
    return checked, (*goal.notes, *_dropped(plan, checked))


def _puzzling(facts: Facts, goal: Aim) -> tuple[str, ...]:
    """Return words without which an answer would be one to another question.

    A time that is not understood, or a thing that is spoken of where no key was found for anything.
    """
    times = tuple(word for word in facts.unknown if _TIMES.fullmatch(word))
    if times or goal.places is not None or not facts.unnamed:
        return times
    told = facts.says("idle", "value", "contains", "period", "author")
    return () if told or facts.hints_at("unread", "unchanged") else facts.unexplained


def _intent(plan: Plan, facts: Facts) -> Intent:
    """Return what is asked for: what is beyond doubt, else what the model says and facts allow."""
    certain = _certain(facts)
    if certain is not None:
        return certain
    if plan.intent == "find":
        return "changes" if _is_past(facts) else "find"
    if plan.intent == "changes" and not _is_past(facts):
        return "find" if _is_of_now(facts) else "changes"
    if plan.intent == "compare" and not (_pair(plan, facts) and _compares(facts)):
        return _otherwise(facts)
    if plan.intent == "stale":
        return "changes" if _is_past(facts) else "find" if facts.retiring else "stale"
    return plan.intent


def _certain(facts: Facts) -> Intent | None:
    if facts.says("idle") or (facts.hints_at("unread", "unchanged") and not _names_who(facts)):
        return "stale"
    if len(facts.environments) == _PAIR and _compares(facts):
        return "compare"
    return "explain" if facts.hints_at("explain") and not facts.period().since else None


def _otherwise(facts: Facts) -> Intent:
    """Return what it is if it names no two environments to compare."""
    if facts.hints_at("changes"):
        return "changes"
    return "unsupported" if facts.hints_at("compare") else "find"


def _names_who(facts: Facts) -> bool:
    return facts.says("who", "author", "action")


def _is_of_now(facts: Facts) -> bool:
    """Return whether it is about what configurations are, and nothing tells of a change."""
    sought = facts.says("value", "contains", "status", "own") or facts.literal() is not None
    told = facts.hints_at("changes", "removed", "set")
    return sought or not told or facts.retiring or facts.hints_at("inherited")


def _is_past(facts: Facts) -> bool:
    """Return whether it is about something that happened."""
    period = facts.period()
    told = "changes" in facts.all("intent") and facts.hints_at("changes")
    return told or _names_who(facts) or facts.says("when") or bool(period.since or period.until)


def _compares(facts: Facts) -> bool:
    told = "compare" in facts.all("intent") or facts.says("only", "absent", "lacking", "kinds")
    return told or (facts.hints_at("compare", "missing") and not _is_past(facts))


def _pair(plan: Plan, facts: Facts) -> tuple[str, ...]:
    """Return the two environments to compare: as named, with where the caller is, or as guessed."""
    named = facts.environments
    if len(named) == _PAIR:
        return named
    if len(named) == 1 and facts.here and facts.here not in named:
        return (facts.here, *named)
    guessed = plan.environments
    fits = len(set(guessed)) == _PAIR and set(named) <= set(guessed)
    real = set(guessed) <= set(facts.vocabulary.environments)
    return guessed if fits and real and facts.unexplained else ()


def _find(plan: Plan, facts: Facts, goal: Aim) -> Plan:
    value = filters.value(facts) or filters.switch(facts, goal)
    found = msgspec.structs.replace(
        _scoped("find", plan, facts, goal),
        value=value,
        value_is="contains" if filters.is_part(value, facts) else "equals",
        status=filters.status(plan, facts),
        secret=filters.secret(plan, facts, goal),
        own=filters.own(facts),
        author=filters.author(plan, facts),
        newest=facts.first("newest"),
    )
    if found.own is not None:
        found = msgspec.structs.replace(found, environments=_heirs(found.environments, facts))
    if facts.outside:
        return unsupported("outside")
    sought = (found.value, found.status, found.secret, found.own, found.author)
    vague = goal.places is None and all(each is None for each in sought)
    return unsupported("unclear") if vague and facts.unknown else found


def _heirs(named: tuple[str, ...], facts: Facts) -> tuple[str, ...]:
    """Return the environments whose parent is not named too: what they do unlike it is asked."""
    parents = facts.vocabulary.parents
    return tuple(slug for slug in named if parents.get(slug) in named) or named


def _changes(plan: Plan, facts: Facts, goal: Aim) -> Plan:
    if goal.places is None and not (_is_past(facts) or facts.hints_at("changes", "removed")):
        return unsupported("unclear")
    period = facts.period()
    if facts.hints_at("foreign") or (facts.outside and not (period.since or period.until)):
        return unsupported("outside")
    one = facts.says("last") or (facts.hints_at("last") and facts.says("who", "when"))
    return msgspec.structs.replace(
        _scoped("changes", plan, facts, goal),
        author=filters.author(plan, facts),
        action=filters.action(plan, facts),
        newest=facts.first("newest"),
        limit=filters.limit(facts) or (1 if one else None),
        since=filters.moment(period.since),
        until=filters.moment(period.until),
    )


def _compare(plan: Plan, facts: Facts, goal: Aim) -> Plan:
    environments, kinds = _pair(plan, facts), filters.kinds(facts)
    absent = filters.absent(facts)
    if absent in environments:
        environments = (absent, *(each for each in environments if each != absent))
        kinds = ("added",)
    return msgspec.structs.replace(
        _scoped("compare", plan, facts, goal), environments=environments, kinds=kinds
    )


def _explain(plan: Plan, facts: Facts, goal: Aim) -> Plan:
    places = filters.places(plan, facts)
    key = goal.key or _only(goal, facts) or _chosen(plan, goal, facts)
    if len(places) != 1 or key is None:
        return _find(plan, facts, goal)
    return Plan(intent="explain", environments=places, key=key)


def _stale(plan: Plan, facts: Facts, goal: Aim) -> Plan:
    idle, days = filters.idle(facts), filters.days(facts)
    return msgspec.structs.replace(_scoped("stale", plan, facts, goal), idle=idle, days=days)


def _unsupported(_plan: Plan, _facts: Facts, _goal: Aim) -> Plan:
    return unsupported("unclear")


_CHECKS: Mapping[Intent, Callable[[Plan, Facts, Aim], Plan]] = {
    "find": _find,
    "changes": _changes,
    "compare": _compare,
    "explain": _explain,
    "stale": _stale,
    "unsupported": _unsupported,
}


def _scoped(intent: Intent, plan: Plan, facts: Facts, goal: Aim) -> Plan:
    """Return a plan with what all intents have in common."""
    return Plan(
        intent=intent,
        environments=filters.places(plan, facts),
        key=goal.key,
        prefix=goal.prefix,
        words=goal.words,
        limit=filters.limit(facts),
        count=filters.counts(plan, facts),
    )


def _only(goal: Aim, facts: Facts) -> str | None:
    """Return the key that is meant if it is one: the only one, or the one of just these words."""
    index = facts.vocabulary.index
    places = goal.places or frozenset[int]()
    named = places if len(places) == 1 else places & set(index.named(goal.words))
    return index.keys[next(iter(named))] if len(named) == 1 else None


def _chosen(plan: Plan, goal: Aim, facts: Facts) -> str | None:
    """Return the key the model chose, if it is one of those that the question speaks of."""
    keys = facts.vocabulary.index.keys
    return plan.key if any(keys[place] == plan.key for place in goal.places or ()) else None


def _dropped(plan: Plan, checked: Plan) -> Iterator[str]:
    """Say which filters of the model's the question does not speak of."""
    names = ("status", "secret", "own", "action", "author")
    said = [name for name in names if getattr(plan, name) is not None]
    dropped = [name for name in said if getattr(checked, name) is None]
    if set(plan.environments) - set(checked.environments) and checked.intent != "explain":
        dropped.append("environments")
    for name in dropped:
        yield f"{name}: left out what the model assumed; the question does not speak of it"
