"""Environments beside and above each other: what is repeated, missing, or of another type."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from uuid import UUID

from central_config.assistant.model.advice.advice import Advice, AdvisedEdit, Form
from central_config.assistant.model.advice.ground import (
    LONGEST,
    Ground,
    Row,
    as_form,
    type_of,
    value_of,
)
from central_config.configurations.model.cells import Site

# The share of keys an environment may lack and still be taken for a sibling of the others.
_LACKING = 0.2
# What a text can be taken for where the siblings hold that.
_FORMS: dict[str, Form] = {"number": "number", "boolean": "boolean"}


def redundant(ground: Ground) -> Iterator[Advice]:
    """Find what an environment sets as its parent has it: it does not follow the parent any more.

    Removing it changes nothing for anybody, at that moment.
    """
    for site, cell in ground.own():
        parent_id = ground.topology.by_id[site.environment_id].parent_id
        if parent_id is None or cell.marked:
            continue
        above = ground.state.served(Site(parent_id, site.key))
        if above is None or above.secret or above.cell.marked:
            continue
        if (above.body, above.cell.status) != (cell.body, cell.status):
            continue
        here, there = ground.slug(site.environment_id), ground.slug(parent_id)
        yield Advice(
            kind="redundant",
            title=f"{here} sets {site.key} to what {there} has anyway",
            effect=f"Readers get the same value; from then on {here} follows {there}.",
            places=(site, Site(parent_id, site.key)),
            steps=(AdvisedEdit(site=site, action="remove"),),
        )


def drift(ground: Ground) -> Iterator[Advice]:
    """Find what all siblings serve but one, and values of another type than the siblings'.

    An environment that lacks much of what the others have is another thing rather than drifted.
    """
    families = [tuple(family) for family in ground.families() if len(family) > 1]
    missing: dict[UUID, list[Advice]] = defaultdict(list)
    compared: Counter[UUID] = Counter()
    for row in ground.rows():
        for family in families:
            yield from _typed(ground, row, family)
            for each in family:
                compared[each] += all(other in row.served for other in family if other != each)
            for advice in _missing(ground, row, family):
                missing[advice.places[0].environment_id].append(advice)
    for environment_id, found in missing.items():
        if len(found) <= compared[environment_id] * _LACKING:
            yield from found


def _missing(ground: Ground, row: Row, family: Sequence[UUID]) -> Iterator[Advice]:
    lacking = [each for each in family if each not in row.served]
    others = [each for each in family if each in row.served]
    if len(lacking) != 1 or not others:
        return
    site = Site(lacking[0], row.key)
    held = ground.state.own(site)
    if held is not None:
        return  # somebody took it away there, or archived it
    here = ground.slug(site.environment_id)
    values = {row.served[each].body for each in others}
    secret = any(row.served[each].secret for each in others)
    copied = len(values) == 1 and not secret and len(row.served[others[-1]].body) <= LONGEST
    source = Site(others[-1], row.key)
    named = ", ".join(ground.slug(each) for each in others)
    yield Advice(
        kind="drift",
        title=f"{here} does not serve {row.key}, which {named} do"
        if len(others) > 1
        else f"{here} does not serve {row.key}, which {named} does",
        effect=f"{here} serves it with the value it has in {ground.slug(source.environment_id)}."
        if copied
        else f"Decide which value {here} needs; the others differ, are secret or are long.",
        places=(site, *(Site(each, row.key) for each in others)),
        steps=(AdvisedEdit(site=site, action="set", source=source),) if copied else (),
    )


def _typed(ground: Ground, row: Row, family: Sequence[UUID]) -> Iterator[Advice]:
    values = {
        each: value
        for each in family
        if (value := value_of(row.served.get(each))) is not None and row.served[each].origin == each
    }
    types = Counter(type_of(value) for value in values.values())
    if len(types) != 2 or min(types.values()) != 1 or len(values) < 2:  # noqa: PLR2004 - one against the rest
        return
    for environment_id, value in values.items():
        others = [each for each in values if each != environment_id]
        kinds = {type_of(values[each]) for each in others}
        if len(kinds) != 1 or type_of(value) != "text":
            continue
        form = _FORMS.get(kinds.pop())
        if form is None or as_form(value, form) is None:
            continue
        site = Site(environment_id, row.key)
        here = ground.slug(environment_id)
        yield Advice(
            kind="drift",
            title=f"{row.key} is a text in {here} and a {form} in "
            + ", ".join(ground.slug(each) for each in others),
            effect=f"{here} serves the same value as a {form}; readers that take texts must agree.",
            places=(site, *(Site(each, row.key) for each in others)),
            steps=(AdvisedEdit(site=site, action="set", source=site, form=form),),
        )
