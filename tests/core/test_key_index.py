"""The keys of an environment in order, whatever is asked of them and whoever adds meanwhile."""

from hypothesis import given
from hypothesis import strategies as st

from central_config.configurations.model.index import BLOCK, KeyIndex

SOME = st.integers(0, 900).map(lambda number: f"k{number % 7}/{number}")
PART = st.sampled_from(["", "k", "k3", "k3/", "k3/4", "k9", "a", "z"])


@given(st.sets(SOME, max_size=3 * BLOCK), st.lists(SOME, max_size=BLOCK), PART, SOME | PART)
def test_by_prefix_and_behind_a_key(
    first: set[str], added: list[str], prefix: str, after: str
) -> None:
    index = KeyIndex(first)
    for key in added:
        index.add(key)
    wanted = sorted(key for key in first | set(added) if key.startswith(prefix) and key > after)
    assert list(index.keys(prefix, after)) == wanted


@given(st.sets(SOME, max_size=3 * BLOCK), st.lists(SOME, max_size=3 * BLOCK))
def test_none_is_missed_while_others_are_added(first: set[str], added: list[str]) -> None:
    index = KeyIndex(first)
    more = iter(added)
    met: list[str] = []
    for key in index.keys(""):
        met.append(key)
        index.add(next(more, key))
    assert first <= set(met)
    assert met == sorted(set(met))
