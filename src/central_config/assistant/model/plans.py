"""A plan: what a question asks for, as data that our own code runs.

Whoever writes it, the parser, a model or a person who edits one, it can name only what is below:
nothing of it writes, and every filter is a fact that can be checked.
"""

from typing import Annotated, Literal

import msgspec

Intent = Literal["find", "changes", "compare", "explain", "stale", "unsupported"]
Reason = Literal["write", "unclear", "outside"]
# In the order the command line shows: equal Literals are one object, whichever was made first.
Status = Literal["draft", "active", "deprecated", "archived"]
Action = Literal["set", "remove"]
Kind = Literal["added", "removed", "changed"]

# What a person reads; more rows are asked for with a limit of one's own.
LIMIT = 100
MOST = 1000

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
_Texts = Annotated[tuple[_Text, ...], msgspec.Meta(max_length=20)]


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for.

    Attributes:
        intent: find configurations; list changes of the past; compare two environments; explain
            why a key has its value; stale: what nobody reads or changes; or unsupported.
        environments: slugs. find, changes, stale: where to look (none: in all the caller may
            see). compare: exactly two, left and right. explain: exactly one.
        key: the exact key meant. explain needs it.
        prefix: only keys that begin so.
        words: only keys that hold each of these texts somewhere, in whatever case.
        value: only configurations whose value is this text (find), as JSON would print it without
            quotes: `5432`, `true`, `db.internal`.
        value_is: whether the value equals the text, or contains it in whatever case. A secret does
            neither: nobody may find one out by asking.
        status: only configurations of this status.
        secret: only secrets, or only what is none.
        own: only what the environment itself sets (true) or only what it inherits (false).
        author: only changes of this user, or configurations last changed by them.
        action: changes: only values that were set, or only removals.
        since, until: RFC 3339 moments, UTC; `since` <= published < `until`. find: last changed so.
        kinds: compare: only these differences (added: only on the right; removed: only on the
            left); none: all.
        idle: stale: not `read` or not `changed` ...
        days: ... for this many days.
        newest: changes and find: the newest first (true), the oldest first (false); None: changes
            newest first, everything else by environment and key.
        limit: at most so many rows.
        count: only how many there are.
        reason: unsupported: it asks to `write`, is `unclear`, or is about something `outside`.
    """

    intent: Intent
    environments: _Texts = ()
    key: _Text | None = None
    prefix: _Text | None = None
    words: _Texts = ()
    value: _Text | None = None
    value_is: Literal["equals", "contains"] = "equals"
    status: Status | None = None
    secret: bool | None = None
    own: bool | None = None
    author: _Text | None = None
    action: Action | None = None
    since: str | None = None
    until: str | None = None
    kinds: Annotated[tuple[Kind, ...], msgspec.Meta(max_length=3)] = ()
    idle: Literal["read", "changed"] = "read"
    days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 30
    newest: bool | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST)] | None = None
    count: bool = False
    reason: Reason | None = None


def unsupported(reason: Reason) -> Plan:
    """Return the plan that does nothing, and why."""
    return Plan(intent="unsupported", reason=reason)


# What means something to an intent besides the environments.
_MEANING = {
    "find": frozenset(
        {"key", "prefix", "words", "value", "status", "secret", "own", "author", "since", "until"}
    ),
    "changes": frozenset(
        {"key", "prefix", "words", "secret", "author", "action", "since", "until"}
    ),
    "compare": frozenset({"key", "prefix", "words", "secret", "kinds"}),
    "explain": frozenset({"key"}),
    "stale": frozenset({"key", "prefix", "words", "status", "secret", "own"}),
    "unsupported": frozenset[str](),
}
_CONDITIONS = frozenset[str]().union(*_MEANING.values())


def meaningless(plan: Plan) -> tuple[str, ...]:
    """Return which conditions of a plan mean nothing to its intent."""
    said = {
        field.name
        for field in msgspec.structs.fields(Plan)
        if field.name in _CONDITIONS and getattr(plan, field.name) != field.default
    }
    return tuple(sorted(said - _MEANING[plan.intent]))


def meant(plan: Plan) -> Plan:
    """Return the plan without what means nothing to its intent."""
    nothing = {
        field.name: field.default
        for field in msgspec.structs.fields(Plan)
        if field.name in meaningless(plan)
    }
    return msgspec.structs.replace(plan, **nothing)
