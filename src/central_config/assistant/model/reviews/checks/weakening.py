"""A schema rule that lets through what it refused before.

Rules are not part of changes: whoever may manage them saves them at once. So this is asked before.
What is compared are the constraints people write; of two schemas nobody can say in general which
one allows more.
"""

from collections.abc import Collection, Iterator, Mapping
from heapq import nsmallest

from central_config.assistant.model.reviews.findings import Finding, Severity
from central_config.configurations.model.schemas import ENFORCE, SchemaRule
from central_config.core.json import JSON, decode, equal

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains")
_ALL_OR_NOTHING = ("pattern", "format", "const", "not", "uniqueItems", "multipleOf", "contains")
_CLOSED = ("additionalProperties", "unevaluatedProperties", "unevaluatedItems", "items")
_MEMBERS = ("properties", "patternProperties", "$defs", "dependentSchemas")
_INSIDE = ("items", "additionalProperties", "contains", "propertyNames", "then", "else")
_ADVICE = "Keep the constraint, or say who agreed to values that were refused until now."
# Keys named of those that a rule does not hold for any more.
_NAMED = 5


def weakened(old: SchemaRule, new: SchemaRule | None, lost: Collection[str]) -> Iterator[Finding]:
    """Yield how a rule would be weaker; `new` None: it would be deleted.

    `lost`: served keys it holds for and would not any more.
    """
    enforced = old.mode == ENFORCE
    if new is None:
        said = f"the rule {old.name} would be gone; it holds for {_named(lost)}"
        yield _finding(old, "high" if enforced else "medium", said)
        return
    if enforced and new.mode != ENFORCE:
        yield _finding(old, "high", f"the rule {old.name} would only warn; it refuses now")
    if lost:
        said = f"the rule {old.name} would not hold any more for {_named(lost)}"
        yield _finding(old, "medium", said)
    for place, words in loosened(decode(old.schema), decode(new.schema)):
        severity: Severity = "medium" if enforced else "low"
        yield _finding(old, severity, f"{words}{f' at {place}' if place else ''}", place)


def loosened(old: JSON, new: JSON, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield where a schema demands less than another, and in words what."""
    if old is True or equal(old, new):
        return
    if new is True or new == {}:
        yield place, "every value would be accepted"
        return
    if old is False:
        yield place, "what was forbidden would be allowed"
        return
    if not isinstance(old, dict) or not isinstance(new, dict):
        return
    yield from ((place, words) for words in _bounds(old, new))
    yield from ((place, words) for words in _choices(old, new))
    yield from _inner(old, new, place)


def _bounds(old: Mapping[str, JSON], new: Mapping[str, JSON]) -> Iterator[str]:
    for names, sign in ((_LOWER, 1), (_UPPER, -1)):
        for name in names:
            before, after = old.get(name), new.get(name)
            if not isinstance(before, (int, float)):
                continue
            if not isinstance(after, (int, float)):
                yield f"{name} {before} would be gone"
            elif (after - before) * sign < 0:
                yield f"{name} would be {after} instead of {before}"
    for name in _ALL_OR_NOTHING:
        if name in old and not equal(old[name], new.get(name)):
            yield f"{name} would be {'another' if name in new else 'gone'}"


def _choices(old: Mapping[str, JSON], new: Mapping[str, JSON]) -> Iterator[str]:
    """Yield sets that would hold more, or demands that would hold fewer."""
    for name in ("type", "enum"):
        if name in old and name not in new:
            yield f"{name} would be gone"
        elif name in old:
            more = [each for each in _listed(new[name]) if not _in(each, _listed(old[name]))]
            if more:
                yield f"{name} would take more than before"
    fewer = [
        each for each in _listed(old.get("required", [])) if not _in(each, new.get("required"))
    ]
    if fewer:
        yield f"{len(fewer)} members would not be required any more"
    for name in ("allOf", "anyOf", "oneOf", "if"):
        if name in old and not equal(old[name], new.get(name)):
            yield f"{name} would be {'another' if name in new else 'gone'}"


def _inner(
    old: Mapping[str, JSON], new: Mapping[str, JSON], place: str
) -> Iterator[tuple[str, str]]:
    """Yield what is weaker in the schemas of members and items."""
    for name in _CLOSED:
        if old.get(name) is False and new.get(name) is not False:
            yield place, f"{name} would be allowed"
    for name in _MEMBERS:
        members, others = old.get(name), new.get(name)
        if isinstance(members, dict):
            known = others if isinstance(others, dict) else {}
            for member, schema in members.items():
                yield from loosened(schema, known.get(member, True), f"{place}/{member}")
    for name in _INSIDE:
        if isinstance(old.get(name), dict):
            yield from loosened(old[name], new.get(name, True), f"{place}/{name}")


def _listed(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else [value]


def _in(value: JSON, values: JSON) -> bool:
    # An integer is a number: whoever allowed numbers allowed integers.
    listed = _listed(values)
    widened = value == "integer" and "number" in listed
    return widened or any(equal(value, each) for each in listed)


def _named(keys: Collection[str]) -> str:
    if not keys:
        return "no key that is served"
    more = len(keys) - _NAMED
    return ", ".join(nsmallest(_NAMED, keys)) + (f" and {more} more keys" if more > 0 else "")


def _finding(rule: SchemaRule, severity: Severity, evidence: str, place: str = "") -> Finding:
    return Finding(
        rule="schema-weakened",
        severity=severity,
        environment="",
        key=rule.pattern,
        pointer=place,
        evidence=evidence,
        advice=_ADVICE,
    )
