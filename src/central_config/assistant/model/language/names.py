"""What people call the environments and the users of a tenant."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations, product

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
        self.environments = _unique(_spoken_environments(environments, synonyms))
        self._groups = _groups(environments)
        self.users = _unique(_spoken_users(users))

    def environment(self, said: str) -> str | None:
        """Return the slug that is called so."""
        return self.environments.get(said)

    def group(self, said: str) -> tuple[str, ...]:
        """Return the slugs of which a part is called so, if no single one is: `prod`."""
        return () if said in self.environments else self._groups.get(said, ())

    def user(self, said: str) -> str | None:
        """Return the user who is called so."""
        return self.users.get(said)


def _groups(slugs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for slug in slugs:
        for part in re.split(r"[-_]", slug) if re.search(r"[-_]", slug) else ():
            for called in _called(part):
                groups[called] = (*groups.get(called, ()), slug)
    return groups


def nearest(said: str, names: Mapping[str, str]) -> str | None:
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
