"""What people call the environments and the users of a tenant."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import permutations, product
from typing import TypeVar

from central_config.assistant.model.language.key_index import stem
from central_config.assistant.model.language.listed import listed
from central_config.assistant.model.language.regions import ENGLISH_REGIONS, region

# Environments that are called by several names everywhere; the first of a line is nothing special.
_SAME = (
    ("prod", "production", "prd", "live", "prods", "productions"),
    ("staging", "stage", "stg"),
    ("dev", "development", "devel", "develop"),
    ("test", "testing", "tst"),
    ("qa", "quality assurance"),
    ("uat", "acceptance", "user acceptance"),
    ("preprod", "pre-prod", "preproduction", "pre-production", "pre production", "pre prod"),
    ("sandbox", "sbx"),
    ("dr", "disaster recovery"),
    ("perf", "performance"),
    ("int", "integration"),
)
_LONGEST_ORDER = 3
# `both regions`, `both sides of the atlantic`
_REGIONAL = listed("""
    regions sides continents markets countries worlds shops stores sites webshops storefronts
""")
_PAIR = 2
# What the only stage before production is called as well, if nothing else is: these names, of
# stages called so, unless there are such.
_STAND_INS = (
    (("preprod", "pre-prod", "preproduction", "pre-production", "pre production", "pre prod"),
     ("staging", "stage", "stg", "uat"), ()),
    (("staging", "stage", "stg"), ("preprod", "pre-prod", "preproduction", "uat"), ()),
    (("test", "testing", "tst"), ("staging", "stage", "stg", "qa", "preprod"),
     ("dev", "development", "devel", "develop", "sandbox", "sbx", "int", "integration")),
)  # fmt: skip


class Names:
    """Names by what people call them.

    Args:
        environments: slugs.
        users: names of users.
        synonyms: what people say, and what it may stand for.
    """

    def __init__(
        self,
        environments: Sequence[str],
        users: Sequence[str],
        synonyms: Mapping[str, Sequence[str]],
    ) -> None:
        self.environments = _unique(
            (*_spoken_environments(environments, synonyms), *_stand_ins(environments))
        )
        self._groups = _groups(environments)
        self.regions = _regions(environments)
        self.users = _unique(_spoken_users(users))

    def environment(self, said: str) -> str | None:
        """Return the slug that is called so."""
        return self.environments.get(said)

    def group(self, said: str) -> tuple[str, ...]:
        """Return the slugs of which a part is called so, if no single one is: `prod`."""
        return () if said in self.environments else self._groups.get(said, ())

    def both(self, said: str) -> tuple[str, ...]:
        """Return the two environments that `both productions` or `both regions` are."""
        named = self.regions if said in _REGIONAL else self.group(stem(said))
        return named if len(named) == _PAIR else ()

    def is_region(self, said: str) -> bool:
        """Tell whether a part of the world is called so, rather than a stage."""
        return region(said) is not None

    @cached_property
    def spoken(self) -> Mapping[str, tuple[str, ...]]:
        """Everything that environments are called and a typo may be in."""
        single = {called: (slug,) for called, slug in self.environments.items()}
        called = {**self._groups, **single}
        return {name: slugs for name, slugs in called.items() if name not in ENGLISH_REGIONS}

    def user(self, said: str) -> str | None:
        """Return the user who is called so."""
        return self.users.get(said)


def _groups(slugs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for slug in slugs:
        for part in re.split(r"[-_]", slug) if re.search(r"[-_]", slug) else ():
            for called in dict.fromkeys((*_called(part), *(region(part) or ()))):
                groups[called] = (*groups.get(called, ()), slug)
    return groups


def _regions(slugs: Sequence[str]) -> tuple[str, ...]:
    """Return the environments that differ in the part of the world alone, if they are one row."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for slug in slugs:
        parts = re.split(r"[-_]", slug)
        stage = tuple(part for part in parts if region(part) is None)
        if len(stage) < len(parts):
            rows.setdefault(stage, []).append(slug)
    several = [row for row in rows.values() if len(row) > 1]
    return tuple(several[0]) if len(several) == 1 else ()


def _stand_ins(slugs: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """Yield what the only stage before production is called as well."""
    parts = {part for slug in slugs for part in re.split(r"[-_]", slug)}
    for names, others, unless in _STAND_INS:
        instead = [slug for slug in slugs if slug in others]
        if parts.isdisjoint((*names, *unless)) and len(instead) == 1:
            yield from ((name, instead[0], 3) for name in names)


_Name = TypeVar("_Name", str, tuple[str, ...])


def nearest(said: str, names: Mapping[str, _Name]) -> _Name | None:
    """Return what is meant by a name with a typo in it; None unless that is beyond doubt."""
    allowed = 0 if len(said) < 4 else 1 if len(said) < 7 else 2  # noqa: PLR2004 - letters
    if not allowed:
        return None
    near = {
        name
        for called, name in names.items()
        if abs(len(called) - len(said)) <= allowed and _distance(said, called) <= allowed
    }
    return near.pop() if len(near) == 1 else None


def _spoken_environments(
    slugs: Sequence[str], synonyms: Mapping[str, Sequence[str]]
) -> Iterable[tuple[str, str, int]]:
    """Yield what an environment is called, its slug, and how good a name that is (0 the best)."""
    for slug in slugs:
        yield slug, slug, 0
        parts = re.split(r"[-_]", slug)
        if len(parts) <= _LONGEST_ORDER:
            for names in product(*(_called(part) for part in parts)):
                for order in permutations(names):
                    yield " ".join(order), slug, 1
                    yield "-".join(order), slug, 1
        yield from ((name, slug, 2) for name in region(slug) or ())
    for said, targets in synonyms.items():
        for target in targets:
            if target in slugs:
                yield said.lower(), target, 1


def _called(part: str) -> tuple[str, ...]:
    return next((group for group in _SAME if part in group), (part,))


def _spoken_users(users: Sequence[str]) -> Iterable[tuple[str, str, int]]:
    for user in users:
        yield user, user, 0
        local = user.partition("@")[0]
        parts = [part for part in re.split(r"[._-]", local) if part]
        yield local, user, 1
        yield " ".join(parts), user, 1
        if parts and len(parts[0]) > 2:  # noqa: PLR2004 - `a.meyer` is not called `a`
            yield parts[0], user, 2


def _unique(spoken: Iterable[tuple[str, str, int]]) -> dict[str, str]:
    """Return name by what it is called, where the best that is called so is the only one."""
    best: dict[str, tuple[int, set[str]]] = {}
    for called, name, rank in spoken:
        known = best.get(called)
        if known is None or rank < known[0]:
            best[called] = (rank, {name})
        elif rank == known[0]:
            known[1].add(name)
    return {called: names.pop() for called, (_, names) in best.items() if len(names) == 1}


def _distance(left: str, right: str) -> int:
    """Return the number of letters to add, drop, change or swap with their neighbour."""
    before: list[int] = []
    above = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        line = [row]
        for column, other in enumerate(right, 1):
            cost = letter != other
            best = min(above[column] + 1, line[-1] + 1, above[column - 1] + cost)
            if row > 1 < column and letter == right[column - 2] and left[row - 2] == other:
                best = min(best, before[column - 2] + 1)
            line.append(best)
        before, above = above, line
    return above[-1]
