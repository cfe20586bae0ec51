"""The model without I/O: references, patterns, and revisions worked out step by step or at once."""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from central_config.configurations.model.candidate import Candidate, apply
from central_config.configurations.model.cells import (
    ACTIVE,
    ARCHIVED,
    DEPRECATED,
    REMOVED,
    Cell,
    Layers,
    Placed,
    Site,
)
from central_config.configurations.model.keys import key_fault, matches
from central_config.configurations.model.references import (
    Reference,
    find_references,
    parse_reference,
    substitute,
)
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.model.views import MAXIMUM_CHAIN
from central_config.core.json import encode
from central_config.core.problems import Problem
from central_config.workspaces.model import Environment, Topology
from tests.properties.rig import internals
from tests.properties.wishes import EFFORT

BASE, MID, LEAF, SIDE = (UUID(int=number) for number in range(1, 5))
FOREST = Topology(
    Environment(each, slug, parent, requires_approval=False)
    for each, slug, parent in (
        (BASE, "base", None),
        (MID, "mid", BASE),
        (LEAF, "leaf", MID),
        (SIDE, "side", None),
    )
)
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

segments = st.text("abc._-09AZ", min_size=1, max_size=5).filter(lambda text: text.strip("."))
keys = st.lists(segments, min_size=1, max_size=4).map("/".join)
references = st.builds(Reference, st.none() | st.sampled_from(("prod", "eu-1")), keys)
texts = st.text("ab ${}$/:\n\u00e9\U0001f600", max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def nothing(reference: Reference) -> Any:
    raise AssertionError(f"looked up {reference}")


@EFFORT
@given(references)
def test_a_written_reference_is_read_as_it_was_meant(reference: Reference) -> None:
    assert parse_reference(str(reference)[2:-1]) == reference
    assert find_references(f"a{reference}b{reference}") == (reference,)


@EFFORT
@given(json_values)
def test_an_escaped_value_is_read_literally(value: Any) -> None:
    assert substitute(escaped(value), nothing) == value


def escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, list):
        return [escaped(each) for each in value]
    if isinstance(value, dict):
        return {name: escaped(each) for name, each in value.items()}
    return value


@EFFORT
@given(st.lists(st.tuples(st.text("ab ", max_size=3), references), max_size=4), json_values)
def test_references_are_replaced_where_they_stand(
    parts: list[tuple[str, Reference]], alone: Any
) -> None:
    text = "".join(before + str(reference) for before, reference in parts)
    expected = "".join(f"{before}<{reference.key}>" for before, reference in parts)
    assert substitute([text], lambda found: f"<{found.key}>") == [expected]
    if parts:
        assert substitute(str(parts[0][1]), lambda _: alone) == alone


@EFFORT
@given(texts)
def test_a_text_is_malformed_for_finding_and_replacing_alike(text: str) -> None:
    outcomes: list[str] = []
    for use in (find_references, lambda given: substitute(given, lambda _: "x")):
        try:
            use(text)
            outcomes.append("fine")
        except Problem as problem:
            outcomes.append(problem.code)
    assert outcomes[0] == outcomes[1]


@EFFORT
@given(keys)
def test_keys_made_of_good_segments_are_good(key: str) -> None:
    assert key_fault(key) is None
    for spoilt in (f"/{key}", f"{key}/", key + "//x", key + "/../x", key + " ", key + "\n", ""):
        assert key_fault(spoilt) is not None


patterns = st.lists(
    st.sampled_from(("a", "b", ".", "/", "*", "**", "**/", "/**", "a/")), min_size=1, max_size=6
).map("".join)


@EFFORT
@given(patterns, st.text("ab./", max_size=7))
def test_patterns_match_what_a_naive_matcher_matches(pattern: str, key: str) -> None:
    assert matches(pattern, key) == naively_matches(pattern, key)


def naively_matches(pattern: str, key: str) -> bool:
    if not pattern:
        return not key
    if pattern.startswith("**/"):
        # Any number of whole segments, none too.
        ends = [0, *(at + 1 for at, sign in enumerate(key) if sign == "/" and key[at - 1 : at])]
        ends = [end for end in ends if "//" not in key[:end] and not key[:end].startswith("/")]
        return any(naively_matches(pattern[3:], key[end:]) for end in ends)
    if pattern.startswith("**"):
        return any(naively_matches(pattern[2:], key[end:]) for end in range(len(key) + 1))
    if pattern.startswith("*"):
        whole = key.partition("/")[0]
        return any(naively_matches(pattern[1:], key[end:]) for end in range(len(whole) + 1))
    return key[:1] == pattern[0] and naively_matches(pattern[1:], key[1:])


sites = st.builds(Site, st.sampled_from((BASE, MID, LEAF, SIDE)), st.sampled_from("abcd"))
bodies = st.sampled_from(
    (1, "x", None, "${a}", "${b}", "${c}!", "${env:base/a}", "${env:leaf/d}-${b}", "$${a}")
).map(encode)
proposals = st.lists(
    st.tuples(
        sites,
        bodies,
        st.sampled_from((ACTIVE, ACTIVE, ACTIVE, DEPRECATED, ARCHIVED, REMOVED)),
        st.sampled_from((False,) * 9 + (True,)),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda proposal: proposal[0],
)


def fresh(
    placed: Sequence[Placed] = (), revision: int = 0, secret: Iterable[str] = ()
) -> WorkspaceState:
    layers: Layers = {}
    for site, cell in placed:
        layers.setdefault(site.environment_id, {})[site.key] = cell
    state = WorkspaceState(UUID(int=9), revision, MOMENT, FOREST, layers, secret_keys=secret)
    deque(state.settle(), maxlen=0)
    return state


class Book:
    """Numbers the versions and remembers which keys are secrets, as a workspace does."""

    def __init__(self) -> None:
        self.heads: dict[Site, Cell] = {}
        self.secret: set[str] = set()
        self.revision = 0

    def cells(self, wanted: Sequence[tuple[Site, bytes, str, bool]]) -> list[Placed]:
        secret = self.secret | {
            site.key for site, _, status, hidden in wanted if hidden and status != REMOVED
        }
        found: list[Placed] = []
        for site, body, status, _ in wanted:
            old = self.heads.get(site)
            version = 1 if old is None else old.version + 1
            kept, hidden = (b"", False) if status == REMOVED else (body, site.key in secret)
            found.append(Placed(site, Cell(kept, status, version, self.revision + 1, hidden)))
        return found

    def accept(self, cells: Sequence[Placed]) -> None:
        self.revision += 1
        self.heads.update(cells)
        self.secret |= {site.key for site, cell in cells if cell.secret}
        for site, cell in self.heads.items():
            if site.key in self.secret and cell.status != REMOVED:
                self.heads[site] = Cell(
                    cell.body, cell.status, cell.version, cell.revision, secret=True
                )

    def rebuilt(self) -> WorkspaceState:
        return fresh([Placed(*head) for head in self.heads.items()], self.revision, self.secret)


def laid(candidate: Candidate, cells: Sequence[Placed]) -> Any:
    try:
        return candidate.lay(cells)
    except Problem:
        return None


def trace(candidate: Candidate) -> Any:
    remembered = {site: (found.body, found.targets) for site, found in candidate.memory.items()}
    return dict(candidate.overlay), remembered, set(candidate.stale)


@hypothesis_settings(EFFORT, max_examples=200)
@given(st.lists(proposals, max_size=12))
def test_revisions_one_by_one_give_what_everything_at_once_gives(
    history: list[list[tuple[Site, bytes, str, bool]]],
) -> None:
    book, state = Book(), fresh()
    for wanted in history:
        cells = book.cells(wanted)
        if laid(Candidate(state), cells) is None:
            assert internals(state) == internals(book.rebuilt())
            continue
        before = {(site, *_seen(state, site)) for site in _everywhere()}
        changes = apply(state, cells, book.revision + 1, MOMENT)
        book.accept(cells)
        assert internals(state) == internals(book.rebuilt())
        after = {(site, *_seen(state, site)) for site in _everywhere()}
        told = {(change.site, *_of(change.after)) for change in changes}
        assert after - before <= told, "readers were not told of a change"
        assert told <= after
        assert len({change.site for change in changes}) == len(changes)


@hypothesis_settings(EFFORT, max_examples=200)
@given(st.lists(proposals, max_size=12), st.integers(1, 5))
def test_many_publications_in_one_batch_are_as_many_batches(
    history: list[list[tuple[Site, bytes, str, bool]]], batch: int
) -> None:
    book, state, waiting = Book(), fresh(), list(history)
    while waiting:
        candidate, effects = Candidate(state), []
        for wanted in waiting[:batch]:
            cells, before = book.cells(wanted), trace(candidate)
            effect = laid(candidate, cells)
            if effect is None:
                assert trace(candidate) == before, "a refused publication left something behind"
            else:
                book.accept(cells)
                effects.append((effect, book.revision))
        for effect, revision in effects:
            state.absorb(effect, revision, MOMENT)
        assert internals(state) == internals(book.rebuilt())
        del waiting[:batch]


@EFFORT
@given(proposals, proposals)
def test_a_check_that_refuses_leaves_nothing_behind(
    first: list[tuple[Site, bytes, str, bool]], second: list[tuple[Site, bytes, str, bool]]
) -> None:
    book, candidate = Book(), Candidate(fresh())
    if laid(candidate, cells := book.cells(first)) is not None:
        book.accept(cells)
    before = trace(candidate)

    def refuse(_: object) -> None:
        raise Problem("schema-violation", "no")

    with pytest.raises(Problem):
        candidate.lay(book.cells(second), check=refuse)
    assert trace(candidate) == before


def test_a_chain_that_grows_step_by_step_is_as_limited_as_one_laid_at_once() -> None:
    state, book, refused = fresh(), Book(), 0
    for step in range(MAXIMUM_CHAIN + 5):
        body = encode(1 if step == 0 else f"${{k{step - 1}}}")
        cells = book.cells([(Site(BASE, f"k{step}"), body, ACTIVE, False)])
        if laid(Candidate(state), cells) is None:
            refused = step
            break
        apply(state, cells, book.revision + 1, MOMENT)
        book.accept(cells)
        assert internals(state) == internals(book.rebuilt())
    assert refused == MAXIMUM_CHAIN + 1


def test_a_key_made_secret_is_secret_everywhere_though_its_name_was_known_before() -> None:
    """A replica that catches up reads the names of secret keys before the revision itself."""
    state = fresh([Placed(Site(SIDE, "a"), Cell(b'"clear"', ACTIVE, 1, 1, secret=False))], 1)
    state.secret_keys = {"a"}
    apply(state, [Placed(Site(BASE, "a"), Cell(b'"s"', ACTIVE, 1, 2, secret=True))], 2, MOMENT)
    served = state.served(Site(SIDE, "a"))
    assert served is not None
    assert served.secret


def _everywhere() -> list[Site]:
    return [Site(each, key) for each in FOREST.by_id for key in "abcd"]


def _seen(state: WorkspaceState, site: Site) -> tuple[Any, ...]:
    return _of(state.served(site))


def _of(served: Any) -> tuple[Any, ...]:
    if served is None:
        return (None,)
    return served.body, served.secret, served.origin, served.cell.status, served.cell.revision


def test_a_value_that_resolves_again_is_told_with_what_made_it_resolve() -> None:
    def cell(body: bytes, revision: int) -> Cell:
        return Cell(body, ACTIVE, revision, revision, secret=False)

    state = fresh([Placed(Site(BASE, "a"), cell(b'"x${b}"', 1))], revision=1)
    assert state.served(Site(BASE, "a")) is None
    changes = apply(state, [Placed(Site(BASE, "b"), cell(b'"1"', 2))], 2, MOMENT)
    assert {change.site.key for change in changes if change.site.environment_id == BASE} == {
        "a",
        "b",
    }
    found = state.served(Site(BASE, "a"))
    assert found is not None
    assert found.body == b'"x1"'
