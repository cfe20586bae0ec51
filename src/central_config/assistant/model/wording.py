"""A plan in one plain sentence, so that the asker sees what was understood."""

from collections.abc import Iterator

from central_config.assistant.model.plans import Plan, Reason
from central_config.core.clock import parse_rfc3339

_REASONS: dict[Reason, str] = {
    "write": "Nothing: this asks to change something, and the assistant only reads.",
    "unclear": "Nothing: it is not clear what is asked.",
    "outside": "Nothing: this is about something that configurations cannot answer.",
}


def sentence(plan: Plan) -> str:
    """Return what the plan does, in one sentence of plain English."""
    if plan.intent == "unsupported":
        return _REASONS[plan.reason or "unclear"]
    parts = [_opening(plan), *_which(plan), *_when(plan), *_order(plan)]
    return " ".join(part for part in parts if part) + "."


def _opening(plan: Plan) -> str:
    if plan.intent == "compare":
        return f"{_verb(plan)} {_kinds(plan)}"
    if plan.intent == "explain":
        return f"Explain where {plan.key} gets its value from{_where(plan)}"
    if plan.intent == "changes":
        return f"{_verb(plan)} {_changes(plan)}{_where(plan)}"
    things = f"{_verb(plan)} {_adjectives(plan)}{'secrets' if plan.secret else 'configurations'}"
    if plan.intent == "find":
        return things + _where(plan)
    done = "read" if plan.idle == "read" else "changed"
    return f"{things}{_where(plan)} that were not {done} for {_counted(plan.days, 'day')}"


def _verb(plan: Plan) -> str:
    return "Count" if plan.count else "Show"


def _adjectives(plan: Plan) -> str:
    return f"{plan.status} " if plan.status else ""


def _changes(plan: Plan) -> str:
    noun = {None: "changes", "set": "values that were set", "remove": "removals"}[plan.action]
    return f"{noun} of secrets" if plan.secret else noun


def _kinds(plan: Plan) -> str:
    left, right = plan.environments
    told = {"added": f"in {right} only", "removed": f"in {left} only", "changed": "different"}
    if not plan.kinds or len(plan.kinds) == len(told):
        return f"what differs between {left} and {right}"
    kinds = " or ".join(told[kind] for kind in plan.kinds)
    return f"what is {kinds}, comparing {left} with {right}"


def _where(plan: Plan) -> str:
    names = plan.environments
    if not names:
        return " in every environment"
    *others, last = names
    return f" in {', '.join(others)} and {last}" if others else f" in {last}"


def _which(plan: Plan) -> Iterator[str]:
    if plan.key and plan.intent != "explain":
        yield f"of the key {plan.key}"
    if plan.prefix:
        yield f"of keys that begin with {plan.prefix}"
    if plan.words:
        yield f"of keys that hold {_listed(plan.words)}"
    if plan.value is not None:
        yield f"whose value {'is' if plan.value_is == 'equals' else 'contains'} “{plan.value}”"
    if plan.secret is False:
        yield "that are not secret"
    if plan.own is not None:
        yield "set there itself" if plan.own else "inherited from above"
    if plan.author:
        yield f"{'by' if plan.intent == 'changes' else 'last changed by'} {plan.author}"


def _when(plan: Plan) -> Iterator[str]:
    changed = "" if plan.intent == "changes" or not (plan.since or plan.until) else "last changed "
    if plan.since and plan.until:
        yield f"{changed}from {_moment(plan.since)} until {_moment(plan.until)}"
    elif plan.since:
        yield f"{changed}since {_moment(plan.since)}"
    elif plan.until:
        yield f"{changed}before {_moment(plan.until)}"


def _order(plan: Plan) -> Iterator[str]:
    if plan.newest is not None:
        yield f"the {'newest' if plan.newest else 'oldest'} first"
    if plan.limit is not None:
        yield "and only one" if plan.limit == 1 else f"and at most {plan.limit}"


def _listed(words: tuple[str, ...]) -> str:
    quoted = [f"“{word}”" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _moment(text: str) -> str:
    """Return a moment as people write it, in UTC, which is said: without seconds that are none."""
    moment = parse_rfc3339(text)
    if moment is None:  # a plan that somebody wrote; running it says what is wrong
        return text
    finest = "seconds" if moment.second or moment.microsecond else "minutes"
    return f"{moment.replace(tzinfo=None).isoformat(' ', finest)} UTC"
