"""What a model has to write: a few short words under a JSON schema of what exists in this tenant.

Every token costs the asker time, so the form is as short as it can be, says nothing that code can
read in the question itself (times, numbers, names), and leaves out what does not apply.
"""

from collections.abc import Collection, Sequence
from typing import Any, Literal, cast, get_args

import msgspec

from central_config.assistant.model.plans import Plan, Status, unsupported

Do = Literal["find", "changes", "compare", "explain", "stale", "write", "unclear", "outside"]
Mark = Literal[
    "secret", "deprecated", "archived", "draft", "own", "inherited", "removed", "set", "count"
]
MARKS: Sequence[Mark] = get_args(Mark)


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan as a model writes it.

    Attributes:
        do: what is asked for; the last three are reasons not to.
        env: environments.
        who: users; the first counts.
        words: what the keys are about: words of keys, or whole keys.
        marks: everything else that the question says of what it looks for.
    """

    do: Do
    env: tuple[str, ...] = ()
    who: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = msgspec.field(default=(), name="is")


def schema(
    *,
    environments: Sequence[str],
    users: Sequence[str],
    words: Sequence[str],
    keys: Sequence[str],
    marks: Sequence[Mark],
) -> dict[str, Any]:
    """Return the JSON schema of a `Draft` that names only what exists.

    Properties are written in this order: what decides most comes first. One without anything to
    choose from is left out, as an empty enumeration could never be satisfied.
    """
    properties: dict[str, Any] = {"do": {"enum": list(get_args(Do))}}
    for name, choices, most in (
        ("env", environments, 2),
        ("who", users, 1),
        ("words", (*words, *keys), 2),
        ("is", marks, 2),
    ):
        if choices:
            properties[name] = _some_of(choices, most)
    return {
        "type": "object",
        "properties": properties,
        "required": ["do"],
        "additionalProperties": False,
    }


def _some_of(choices: Sequence[str], most: int) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"enum": list(choices)},
        "minItems": 1,
        "maxItems": most,
    }


def plan_of(draft: Draft, keys: Collection[str]) -> Plan:
    """Return the plan that a draft stands for, as far as it goes; `keys`: those it could name."""
    if draft.do == "write" or draft.do == "unclear" or draft.do == "outside":  # noqa: PLR1714 - types
        return unsupported(draft.do)
    marks = draft.marks
    statuses = (mark for mark in marks if mark in {"deprecated", "archived", "draft"})
    return Plan(
        intent=draft.do,
        environments=draft.env,
        key=next((word for word in draft.words if word in keys), None),
        words=tuple(word for word in draft.words if word not in keys),
        author=next(iter(draft.who), None),
        status=cast("Status | None", next(statuses, None)),
        secret=True if "secret" in marks else None,
        own=True if "own" in marks else False if "inherited" in marks else None,
        action="remove" if "removed" in marks else "set" if "set" in marks else None,
        count="count" in marks,
    )
