"""What nobody reads is told, and never told of what somebody may be using."""

import pytest

from central_config.assistant.service.uses import Idle, Uses, readers
from central_config.configurations.model.cells import Site
from central_config.configurations.model.state import WorkspaceState
from tests.assistant.advice.conftest import DAYS, House

pytestmark = pytest.mark.anyio


async def _state(house: House) -> WorkspaceState:
    place = await house.services.directory.resolve("shop")
    assert place is not None
    return await house.services.snapshots.get(place.id)


async def _idle(house: House, *places: str, days: int = 30) -> Idle:
    """Ask which of some `environment:key` are idle."""
    await house.count()
    state = await _state(house)
    sites = [_site(state, place) for place in places]
    return await house.services.by_type[Uses].idle(state, sites, days)


def _site(state: WorkspaceState, place: str) -> Site:
    slug, _, key = place.partition(":")
    return Site(state.topology.by_slug[slug].id, key)


def _keys(sites: object) -> list[str]:
    return [site.key for site in sites]  # type: ignore[attr-defined]


async def test_unused_is_what_nobody_read_for_so_long(house: House) -> None:
    await house.put("base", {"read": 1, "once": 2, "never": 3})
    await house.ok("GET", "/config/shop/base/once")
    await house.count()
    await house.age()
    await house.ok("GET", "/config/shop/base/read")
    found = await _idle(house, "base:read", "base:once", "base:never", "base:none")
    assert found.long_enough
    assert (_keys(found.unused), _keys(found.in_part)) == (["once", "never"], [])
    assert [use.reads for use in found.uses.values()] == [1]
    assert _keys((await _idle(house, "base:once", days=DAYS + 1)).unused) == []


async def test_nothing_is_unused_before_it_was_counted_for_so_long(house: House) -> None:
    await house.put("base", {"never": 3})
    await house.count()
    await house.age(29)
    found = await _idle(house, "base:never", days=30)
    assert (found.long_enough, found.unused) == (False, [])
    assert _keys((await _idle(house, "base:never", days=29)).unused) == ["never"]
    await house.sql("UPDATE cc_use_counting SET flushed_at = now() - interval '1 day'")
    assert (await _idle(house, "base:never", days=1)).unused == []


async def test_what_is_new_or_was_changed_lately_is_not_unused(house: House) -> None:
    await house.put("base", {"old": 1, "changed": 1, "shown": 1})
    await house.put("prod", {"shown": 2})
    await house.count()
    await house.age()
    await house.put("base", {"changed": 2, "new": 1})
    await house.ok("DELETE", "/config/shop/prod/shown", if_match="*")
    body = {"slug": "eu", "parent": "prod"}
    await house.ok("POST", "/workspaces/shop/environments", body)
    asked = ["base:old", "base:changed", "base:new", "prod:shown", "eu:old"]
    assert _keys((await _idle(house, *asked)).unused) == ["old"]


async def test_what_is_handed_out_with_others_is_told_apart(house: House) -> None:
    await house.put("base", {"a/one": 1, "a/two": 2, "b": 3})
    await house.count()
    await house.age()
    await house.ok("GET", "/config/shop/base?prefix=a/")
    await house.ok("GET", "/config/shop/base/a/two")
    found = await _idle(house, "base:a/one", "base:a/two", "base:b")
    assert (_keys(found.unused), _keys(found.in_part)) == (["b"], ["a/one"])
    await house.ok("GET", "/config/shop/prod")
    found = await _idle(house, "base:a/one", "base:a/two", "base:b")
    assert (_keys(found.unused), _keys(found.in_part)) == ([], ["a/one", "b"])


async def test_reads_of_heirs_and_of_what_refers_to_a_key_are_uses_of_it(house: House) -> None:
    await house.put("base", {"host": "h", "url": "http://${host}/", "own": 1, "far": 1})
    await house.put("prod", {"own": 2})
    await house.put("staging", {"elsewhere": "${env:base/far}"})
    await house.count()
    await house.age()
    for path in ("prod/url", "prod/own", "staging/elsewhere"):
        await house.ok("GET", f"/config/shop/{path}")
    found = await _idle(
        house, "base:host", "base:url", "base:own", "base:far", "prod:own", "staging:host"
    )
    # `base:own` is overridden in prod, and `host` was never needed in staging.
    assert [(site.key) for site in found.unused] == ["own", "host"]


async def test_where_a_key_is_read(house: House) -> None:
    await house.put("base", {"a": 1, "b": "${a}", "c": "${b}"})
    await house.put("prod", {"b": 5})
    state = await _state(house)
    found = {
        f"{state.topology.slug(site.environment_id)}:{site.key}"
        for site in readers(state, _site(state, "base:a"))
    }
    kept = {"base:a", "base:b", "base:c", "staging:a", "staging:b", "staging:c", "prod:a"}
    assert found - {"prod:c"} == kept
