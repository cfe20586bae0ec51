"""A model's plan, set right by facts: the question's own words, and what exists in this tenant.

What is written in the question (names, keys, times, numbers, values) is read from it by code and
goes before whatever a model made of it. Of what only the model says, each part stays if a word of
the question bears it out, and goes if none does.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import msgspec

from central_config.assistant.model.language.key_index import stem
from central_config.assistant.model.language.vocabulary import Vocabulary
from central_config.assistant.model.planning import filters, sides
from central_config.assistant.model.planning.facts import Facts
from central_config.assistant.model.planning.narrowing import Aim, aim
from central_config.assistant.model.plans import Intent, Plan, Reason, unsupported
from central_config.assistant.model.questions.assembly import heirs
from central_config.assistant.model.questions.guard import guard, without_plans

# A command may hide behind a question.
_SENTENCE = re.compile(r"(?<=[.?!:;])\s+")
_PAIR = 2
# Asked of a service or a group of keys rather than of one.
_BROAD: frozenset[Intent] = frozenset(("compare", "stale"))
# Somebody dictates a plan or closes a tag: that is no question.
_MARKUP = re.compile(r"\{\s*[\"']\w+[\"']\s*:|</?\w+>")
# Somebody asks for another answer than what is asked needs.
_ROLES = re.compile(
    r"\b(?:pretend|imagine you|role ?play|act as|you are now|ignore (?:all|any|the|previous|your)"
    r"|forget (?:all|your|the|everything)|no restrictions|developer mode|jailbreak"
    r"|(?:system|hidden|your|initial) (?:prompt|instructions))\b",
    re.IGNORECASE,
)
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
    refused = _refusal(question)
    if refused is not None:
        return unsupported(refused), ()
    facts = Facts(question, vocabulary, now, environment)
    if plan.intent == "unsupported":
        return unsupported("outside" if facts.foreign else plan.reason or "unclear"), ()
    strange = _strange(question, facts)
    if strange is not None:
        return unsupported(strange), ()
    intent = _intent(plan, facts)
    goal = aim(plan, facts, broad=intent in _BROAD)
    checked = _CHECKS[intent](plan, facts, goal)
    if checked.intent == "unsupported":
        return checked, ()
    puzzling = _puzzling(facts, goal)
    if puzzling and not _is_unserved(checked):
        return unsupported("unclear"), (f"not understood: {', '.join(puzzling)}",)
    return checked, (*goal.notes, *_dropped(plan, checked))


def _refusal(question: str) -> Reason | None:
    """Return why the question, or one of its sentences, must not be tried."""
    for said in (question, *_SENTENCE.split(without_plans(question))):
        refused = guard(said)
        if refused is not None and (said is question or refused == "write"):
            return refused
    return None


def _strange(question: str, facts: Facts) -> Reason | None:
    """Return why it is no question about configuration, whatever a model makes of it."""
    if facts.foreign:
        return "outside"
    if facts.blank or _MARKUP.search(question) or _ROLES.search(question):
        return "unclear"
    return "write" if facts.hints_at("wish") else None


def _puzzling(facts: Facts, goal: Aim) -> tuple[str, ...]:
    """Return words without which an answer would be one to another question.

    A time that is not understood, or a thing that is spoken of where no key was found for anything.
    """
    times = tuple(word for word in facts.unknown if _TIMES.fullmatch(word))
    if times or goal.places is not None or not facts.unnamed:
        return times
    told = facts.says("idle", "value", "contains", "author")
    told = told or (facts.says("period") and facts.hints_at("changes", "removed", "set"))
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
    literal = facts.literal()
    # `Does anything still use 5433` looks for a value, unless keys are called so as well.
    valued = literal is not None and not facts.vocabulary.index.of_word(literal.lower())
    if facts.hints_at("still") and not valued and facts.readings:
        return "stale"
    if _is_of_parent(facts) or _is_by_last(facts):
        return "find"
    if _compares_sides(facts):
        return "compare"
    return "explain" if facts.hints_at("explain") and not facts.period().since else None


def _is_of_parent(facts: Facts) -> bool:
    """Return whether it asks what comes from a parent, or does not: `nothing from base`."""
    return sides.from_parent(facts) is not None and not facts.hints_at("explain")


def _compares_sides(facts: Facts) -> bool:
    """Return whether it compares two environments, of which one may be `here`."""
    if len(facts.environments) == _PAIR:
        return _compares(facts)
    here = facts.says("here") and facts.hints_at("compare")
    return here and len(_named_pair(facts)) == _PAIR


def _is_by_last(facts: Facts) -> bool:
    """Return whether it asks for what somebody changed last: `was alice the last one to touch`."""
    asks_when = not {"who", "whom", "when"}.isdisjoint(facts.tokens)
    return facts.author() is not None and not asks_when and facts.hints_at("by_last")


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
    told = told or (facts.hints_at("past") and not facts.retiring)
    return told or _names_who(facts) or facts.when or bool(period.since or period.until)


def _compares(facts: Facts) -> bool:
    told = "compare" in facts.all("intent") or facts.says("only", "absent", "lacking", "kinds")
    return told or (facts.hints_at("compare", "missing") and not _is_past(facts))


def _pair(plan: Plan, facts: Facts) -> tuple[str, ...]:
    """Return the two environments to compare: as named, with where the caller is, or as guessed."""
    named = _named_pair(facts)
    if len(named) == _PAIR:
        return named
    guessed = plan.environments
    fits = len(set(guessed)) == _PAIR and set(named) <= set(guessed)
    real = set(guessed) <= set(facts.vocabulary.environments)
    return guessed if fits and real and facts.unexplained else ()


def _named_pair(facts: Facts) -> tuple[str, ...]:
    """Return the environments as named, with where the caller is if that makes two."""
    named = facts.environments
    if len(named) == 1 and facts.here and facts.here not in named:
        return (facts.here, *named)
    return named


def _find(plan: Plan, facts: Facts, goal: Aim) -> Plan:
    value = filters.value(facts) or filters.switch(facts, goal)
    if facts.hints_at("explain"):
        value = None  # `why does it hold 30`: what it is, not what is looked for
    found = msgspec.structs.replace(
        _scoped("find", plan, facts, goal),
        value=value,
        value_is="contains" if filters.is_part(value, facts) else "equals",
        status=filters.status(plan, facts),
        secret=filters.secret(plan, facts, goal),
        # Of one key its row tells.
        own=None if goal.key is not None and facts.whether else filters.own(facts),
        author=filters.author(plan, facts),
        newest=facts.first("newest"),
    )
    if found.own is not None:
        found = msgspec.structs.replace(
            found, environments=heirs(found.environments, facts.vocabulary.parents)
        )
    if facts.outside:
        return unsupported("outside")
    if goal.places is None and found.status in {"draft", "archived"}:
        # Its key may be known only once it is published, or no more: what is said must be in it.
        found = msgspec.structs.replace(found, words=tuple(map(stem, facts.things)))
    vague = goal.places is None and not _seeks(found)
    told = facts.environments or facts.says(
        "many", "everywhere", "here", "newest", "limit", "count"
    )
    unclear = facts.exclusive or (vague and (facts.unknown or facts.whether or not told))
    return unsupported("unclear") if unclear else found


def _seeks(plan: Plan) -> bool:
    """Return whether anything but keys and environments is looked for."""
    sought = (plan.value, plan.status, plan.secret, plan.own, plan.author)
    return any(each is not None for each in sought)


def _is_unserved(plan: Plan) -> bool:
    """Return whether it looks for what no key is known of: a draft may bring new ones."""
    return plan.status in {"draft", "archived"} and bool(plan.words)


def _changes(plan: Plan, facts: Facts, goal: Aim) -> Plan:
    if goal.places is None and not (_is_past(facts) or facts.hints_at("changes", "removed")):
        return unsupported("unclear")
    period = facts.period()
    dated = bool(period.since or period.until)
    if facts.outside and not (
        dated and (facts.hints_at("changes", "removed") or _names_who(facts))
    ):
        return unsupported("outside")
    if goal.places is None and not dated and facts.pointing and not facts.author():
        return unsupported("unclear")
    one = facts.says("last") and facts.first("newest") is None
    one = one or (facts.hints_at("last") and (facts.says("who") or facts.when))
    return msgspec.structs.replace(
        _scoped("changes", plan, facts, goal),
        secret=filters.secret(plan, facts, goal),
        author=filters.author(plan, facts),
        action=filters.action(plan, facts),
        newest=facts.first("newest"),
        limit=filters.limit(facts) or (1 if one else None),
        since=filters.moment(period.since),
        until=filters.moment(period.until),
    )


def _compare(plan: Plan, facts: Facts, goal: Aim) -> Plan:
    environments, kinds = _pair(plan, facts), filters.kinds(facts)
    absent = None if sides.works_elsewhere(facts) else filters.absent(facts)
    if absent in environments:
        environments = (absent, *(each for each in environments if each != absent))
        kinds = ("added",)
    elif (goal.key or _only(goal, facts)) and not kinds and facts.hints_at("same"):
        return _find(plan, facts, goal)  # both values, alike or not, say more than nothing
    return msgspec.structs.replace(
        _scoped("compare", plan, facts, goal),
        environments=environments,
        kinds=kinds,
        secret=filters.secret(plan, facts, goal),
    )


def _explain(plan: Plan, facts: Facts, goal: Aim) -> Plan:
    places = filters.places(plan, facts)
    key = goal.key or _only(goal, facts) or _chosen(plan, goal, facts)
    if len(places) != 1 or key is None:
        found = _find(plan, facts, goal)
        return found if goal.places is not None or _seeks(found) else unsupported("unclear")
    return Plan(intent="explain", environments=places, key=key)


def _stale(plan: Plan, facts: Facts, goal: Aim) -> Plan:
    if facts.outside and not facts.hints_at("unread", "unchanged", "still"):
        return unsupported("outside")
    return msgspec.structs.replace(
        _scoped("stale", plan, facts, goal),
        idle=filters.idle(facts),
        days=filters.days(facts),
        status=filters.status(plan, facts),
        secret=filters.secret(plan, facts, goal),
        own=filters.own(facts),
    )


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
