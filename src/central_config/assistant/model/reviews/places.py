"""What environments are called, and which of them are production."""

from collections.abc import Mapping
from functools import lru_cache

from central_config.assistant.model.language.words import words

# Families of names: whoever says one of them means the others too.
_FAMILIES = (
    frozenset({"prod", "production", "prd", "live"}),
    frozenset({"staging", "stage", "stg", "preprod", "preproduction"}),
    frozenset({"dev", "develop", "development", "devel"}),
    frozenset({"test", "testing", "tst"}),
    frozenset({"qa"}),
    frozenset({"uat", "acceptance"}),
    frozenset({"sandbox", "sbx"}),
    frozenset({"integration"}),
    frozenset({"canary"}),
)
# Before "prod" these make something else of it.
_NOT_YET = frozenset({"pre", "non", "not", "no", "near"})
# Names of environments that are words of everyday texts.
_EVERYDAY = frozenset({"base", "default", "common", "shared", "main", "global", "all", "root"})
_PRODUCTION = _FAMILIES[0]


def is_production(slug: str, *, requires_approval: bool) -> bool:
    """Tell whether mistakes in an environment hurt: it is called so, or is protected."""
    found = words(slug)
    named = bool(_PRODUCTION & set(found)) and not _NOT_YET & set(found)
    return named or requires_approval


def called(slug: str) -> frozenset[str]:
    """Return the words that name an environment in values: its own, and those of its family."""
    names = {slug}
    parts = set(words(slug))
    for family in _FAMILIES:
        if slug in family or (parts & family and not parts & _NOT_YET):
            names |= family
    return frozenset(names - _EVERYDAY)


@lru_cache(maxsize=256)
def names_of_others(environments: tuple[str, ...], kin: frozenset[str]) -> Mapping[str, str]:
    """Return by name the environments it would be a surprise to meet in a value.

    `kin` are the environment itself and those it inherits from: they may be named.
    """
    own = frozenset[str]().union(*(called(slug) for slug in kin))
    return {
        name: slug
        for slug in environments
        if slug not in kin
        for name in called(slug)
        if name not in own
    }
