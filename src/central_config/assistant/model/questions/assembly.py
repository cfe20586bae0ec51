"""From the clauses of a question to one plan, if they agree."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from central_config.assistant.model.plans import MOST, Intent, Plan
from central_config.assistant.model.questions.clauses import Slot
from central_config.assistant.model.questions.draft import DisagreeError, Draft
from central_config.assistant.model.questions.targets import Target, target

_KEYS: tuple[Slot, ...] = ("key", "path", "beginning", "words", "text", "ending", "below", "many")
_PLACES: tuple[Slot, ...] = (
    "whether",
    "environment",
    "environment_noun",
    "everywhere",
    "here",
    "join",
)
_VALUES: tuple[Slot, ...] = ("value", "contains", "bare_value")
# One of these must be said of configurations, if no key is: `what can you show` is no question.
_ENOUGH: tuple[Slot, ...] = ("environment", "here", "status", "secret", "author", "many", *_VALUES)
# What may stand between `only` and where something is.
_BY_THE_WAY: tuple[Slot, ...] = (
    "join", "environment_noun", "defined", "set", "where", "many", "secret", "whether",
)  # fmt: skip
_PAIR = 2
# What a plan of each intent can say; whatever else a question says, it is not answered.
_ALLOWED: Mapping[Intent, tuple[Slot, ...]] = {
    "find": (
        "which_environment", "value", "contains", "bare_value", "status", "secret", "own", "set",
        "where", "was", "last", "author", "by", "period", "lapse", "intent", "defined", "uses",
        "state", "count", "limit", "newest",
    ),
    "changes": (
        "intent", "who", "when", "how", "was", "set", "last", "author", "by", "action", "period",
        "lapse", "secret", "recent", "made", "value", "bare_value", "count", "limit", "newest",
    ),
    "compare": (
        "intent", "only", "absent", "lacking", "kinds", "secret", "where", "set", "defined", "how",
        "same", "count", "limit",
    ),
    "explain": (
        "intent", "where", "how", "bare_value", "value", "set", "own", "which_environment",
        "uses", "state",
    ),
    "stale": (
        "idle", "period", "lapse", "status", "secret", "own", "was", "count", "limit", "newest",
    ),
}  # fmt: skip


def plan_of(draft: Draft) -> Plan:
    """Return the plan that a question asks for.

    Raises:
        DisagreeError: its clauses do not make one.
    """
    draft.check_joins()
    intent = _intent(draft)
    draft.only(*_KEYS, *_PLACES, *_ALLOWED[intent])
    return _BUILT[intent](draft)


def _intent(draft: Draft) -> Intent:
    said = {str(intent) for intent in draft.slots.get("intent", ())}
    said |= set(_implied(draft))
    if _is_compare(draft, said):
        if "changes" in said and draft.has("only", "absent", "lacking"):
            raise DisagreeError("changed here and not there")  # no plan tells that
        said.add("compare")
        said -= {"compare?"} if draft.has("who", "when", "author") else {"compare?", "changes"}
    if _is_of_keys(draft, said):
        said.discard("changes")
    if not said and not draft.has("action", "made", "recent"):
        return "find"
    for intent in _BUILT:
        if said == {intent}:
            return intent
    raise DisagreeError(f"intents {said}")


def _implied(draft: Draft) -> Iterator[Intent]:
    """Yield what is asked by the way without a word that says so."""
    if draft.has("idle"):
        yield "stale"
    if draft.has("set") and draft.has("who", "when", "author"):
        yield "changes"
    if draft.has("made") and draft.has("author"):
        yield "changes"  # `what did alice publish`
    if draft.has("which_environment") and draft.flag("own") is False and draft.has("environment"):
        yield "explain"  # `from which environment does prod inherit it`


def _is_compare(draft: Draft, said: set[str]) -> bool:
    if len(set(draft.slots.get("environment", ()))) < _PAIR:
        return False
    return "compare?" in said or draft.has("only", "absent", "lacking")


def _is_of_keys(draft: Draft, said: set[str]) -> bool:
    """Return whether `last changed` tells which keys are meant, not which changes."""
    return "changes" in said and draft.has("last") and not draft.has("who", "when")


def _find(draft: Draft) -> Plan:
    if draft.has("was") and not draft.has("last"):
        raise DisagreeError("what was")  # no plan looks at values of the past
    _check_last(draft)
    goal = target(draft)
    _check_named(draft, goal)
    value, contains = _value(draft, goal)
    own = _own(draft, goal)
    plan = _scoped(draft, "find", goal)
    if draft.has("whether") and goal.key and not draft.has("many", "which_environment", "count"):
        return msgspec.structs.replace(plan, secret=None)  # `is it deprecated`: its row says
    return msgspec.structs.replace(
        plan,
        value=value,
        value_is="contains" if contains else "equals",
        status=draft.text("status"),
        own=own,
        environments=plan.environments
        if own is None
        else heirs(plan.environments, draft.vocabulary.parents),
        author=draft.text("author"),
        # `how many shards does the index have` wants the value of one key.
        count=draft.has("count") and (goal.key is None or draft.has("many")),
    )


def _check_named(draft: Draft, goal: Target) -> None:
    """Check that enough is named to be looked for."""
    if goal.vague and not draft.has(*_ENOUGH):
        raise DisagreeError("nothing is named")
    if goal.vague and draft.has("uses", "which_environment") and not draft.has(*_VALUES):
        raise DisagreeError("what in which environments")
    if goal.key is None and draft.has("count") and draft.has("uses"):
        raise DisagreeError("how many of what")
    if draft.text("status") == "active" and not goal.vague:
        raise DisagreeError("active or enabled")
    if draft.has("state") and (goal.key is None or draft.has("which_environment")):
        raise DisagreeError("which are enabled")


def _own(draft: Draft, goal: Target) -> bool | None:
    """Return whether only what an environment itself sets is meant."""
    own = draft.flag("own")
    if own is None and draft.has("set", "defined"):
        if draft.has("set") and goal.vague:
            raise DisagreeError("set")
        own = True if draft.has("where", "which_environment") else None
    if own is False and not _from_parent(draft.environments(), draft.vocabulary.parents):
        raise DisagreeError("inherited by several")
    return own


def heirs(named: tuple[str, ...], parents: Mapping[str, str]) -> tuple[str, ...]:
    """Return the environments whose parent is named beside them, if any: they are asked about.

    `what does staging inherit from base` looks in staging.
    """
    return tuple(slug for slug in named if parents.get(slug) in named) or named


def _from_parent(named: tuple[str, ...], parents: Mapping[str, str]) -> bool:
    """Return whether what is inherited can be told: by one, and from whom it is said, if anyone."""
    if len(named) <= 1:
        return True
    below = [slug for slug in named if parents.get(slug) in named]
    # From a grandparent is not all that is inherited.
    return len(named) == _PAIR and len(below) == 1 and parents[below[0]] not in parents


def _check_last(draft: Draft) -> None:
    """Check that who and when go with `last changed` only."""
    if draft.has("author", "by", "period", "lapse") and not draft.has("last"):
        raise DisagreeError("a time or a user, and no change")
    if draft.has("last") and not draft.has("author", "period", "lapse", "newest"):
        raise DisagreeError("last")
    if draft.has("by") and not draft.has("author"):
        raise DisagreeError("by whom")


def _value(draft: Draft, goal: Target) -> tuple[str | None, bool]:
    said: list[Slot] = [slot for slot in _VALUES if draft.has(slot)]
    if len(said) > 1:
        raise DisagreeError("several values")
    if not said:
        return None, False
    slot = said[0]
    known = goal.vague or draft.has("which_environment", "whether")
    if slot == "bare_value" and not known:
        raise DisagreeError("is it so?")
    return draft.text(slot), slot == "contains"


def _changes(draft: Draft) -> Plan:
    if draft.has("by") and not (draft.has("author") or draft.has("who")):
        raise DisagreeError("by whom")
    plan = _scoped(draft, "changes", target(draft))
    if draft.has(*_VALUES) and not (plan.key and draft.has("set")):
        # No plan finds changes by value, but those of one key show who set it to what.
        raise DisagreeError("changes to a value")
    action = draft.text("action")
    if draft.has("set"):
        action = "set" if action is None else None
    limit = plan.limit
    if draft.has("last"):
        if limit is not None or plan.count:
            raise DisagreeError("last")
        limit = 1
    return msgspec.structs.replace(
        plan,
        author=draft.text("author"),
        action=action,
        limit=limit,
    )


def _compare(draft: Draft) -> Plan:
    plan = _scoped(draft, "compare", target(draft))
    if len(plan.environments) != _PAIR:
        raise DisagreeError("compare which two")
    if draft.has("same") and not (draft.has("whether") and plan.key):
        raise DisagreeError("what is the same")  # only `is it the same` is told by what differs
    absent = _absent(draft)
    if absent:
        (present,) = set(plan.environments) - {absent}
        return msgspec.structs.replace(plan, environments=(absent, present), kinds=("added",))
    kinds = draft.one("kinds")
    return msgspec.structs.replace(plan, kinds=kinds or ())


def _absent(draft: Draft) -> str | None:
    """Return the environment that does not have what the other has; None if none is said to."""
    found: set[str] = set()
    order = [(slot, value) for slot, value in draft.order if slot not in _BY_THE_WAY]
    for place, (slot, value) in enumerate(order):
        before = order[place - 1] if place else None
        if slot == "environment" and before and before[0] == "absent":
            found.add(str(value))
        if slot == "environment" and before and before[0] == "only":
            found |= {str(other) for other in draft.slots["environment"] if other != value}
        if slot == "lacking" and before and before[0] == "environment":
            found.add(str(before[1]))
    if len(found) > 1 or (not found and draft.has("only", "absent", "lacking")):
        raise DisagreeError("only where")
    return found.pop() if found else None


def _explain(draft: Draft) -> Plan:
    goal = target(draft)
    draft.slots.pop("which_environment", None)
    named = draft.environments()
    if not named and len(draft.vocabulary.environments) == 1:
        named = tuple(draft.vocabulary.environments)
    if goal.key is None or len(named) != 1:
        raise DisagreeError("explain what, and where")
    return Plan(intent="explain", environments=named, key=goal.key)


def _stale(draft: Draft) -> Plan:
    plan = _scoped(draft, "stale", target(draft))
    return msgspec.structs.replace(
        plan,
        idle=draft.text("idle"),
        days=_days(draft),
        status=draft.text("status"),
        own=draft.flag("own"),
        since=None,
        until=None,
    )


def _days(draft: Draft) -> int:
    """Return for how many days nothing happened, as said; else what a plan says by itself."""
    period = draft.period()
    if period.until and period.since is None and not draft.has("lapse"):
        raise DisagreeError("idle before")
    if period.since is None:
        return Plan(intent="stale").days
    if period.until is not None and period.until < draft.now:
        raise DisagreeError("idle then")
    days = (draft.now - period.since) // timedelta(days=1)
    if not days:
        raise DisagreeError("idle for less than a day")
    return days


def _scoped(draft: Draft, intent: Intent, goal: Target) -> Plan:
    period = draft.period()
    return Plan(
        intent=intent,
        environments=draft.environments(),
        key=goal.key,
        prefix=goal.prefix,
        words=goal.words,
        secret=draft.flag("secret"),
        since=_moment(period.since),
        until=_moment(period.until),
        newest=draft.flag("newest"),
        limit=_limit(draft),
        count=draft.has("count"),
    )


def _limit(draft: Draft) -> int | None:
    limit = draft.number("limit")
    if limit is not None and not 1 <= limit <= MOST:
        raise DisagreeError("limit")
    return limit


def _moment(moment: datetime | None) -> str | None:
    return moment and moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


_BUILT: Mapping[Intent, Callable[[Draft], Plan]] = {
    "find": _find,
    "changes": _changes,
    "compare": _compare,
    "explain": _explain,
    "stale": _stale,
}
