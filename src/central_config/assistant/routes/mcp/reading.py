"""The tools that read. Their callers have left the right to see secrets at the door."""

from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from central_config.access.model import Caller
from central_config.assistant.routes.mcp.parts import Parts
from central_config.assistant.wire.tools import arguments as taken
from central_config.assistant.wire.tools.results import (
    Config,
    Configs,
    Differences,
    Differing,
    Explained,
    Hit,
    Hits,
    Side,
    fitting,
)
from central_config.configurations.model.cells import Served, Site
from central_config.configurations.model.keys import check_key
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service.reading import When, narrow
from central_config.core.problems import Problem
from central_config.core.web import decode_cursor, encode_cursor, parse_at
from central_config.workspaces.model import Environment


async def search_config(parts: Parts, caller: Caller, asked: taken.SearchConfig) -> Hits:
    """Find configurations by a text."""
    position = decode_cursor(asked.cursor, str, UUID)
    after = ("", UUID(int=0)) if position is None else (position[0], position[1])
    hits, state = await parts.history.search(
        caller, asked.words, asked.environment, after, asked.limit
    )
    whole = len(hits) < asked.limit
    found: list[Hit] = []
    places: list[tuple[str, UUID]] = []
    for hit in hits:
        slug = state.topology.slug(hit.environment_id)
        served = state.served(Site(hit.environment_id, hit.key))
        if served is not None and caller.principal.reaches(slug, hit.key):
            found.append(Hit.of(slug, hit.key, hit.where, served))
            places.append((hit.key, hit.environment_id))
    items = fitting(found)
    if len(items) < len(found):
        last = places[len(items) - 1]
    else:
        last = None if whole else (hits[-1].key, hits[-1].environment_id)
    return Hits(
        workspace=caller.place.slug,
        environments=_environments(caller, state),
        items=items,
        next_cursor=None if last is None else encode_cursor([last[0], str(last[1])]),
    )


def _environments(caller: Caller, state: WorkspaceState) -> list[str]:
    """Return the environments a caller may know of."""
    return [slug for slug in state.topology.by_slug if caller.principal.knows(slug)]


async def get_config(parts: Parts, caller: Caller, asked: taken.GetConfig) -> Configs:
    """Read what an environment serves."""
    when = When(parse_at(asked.at, "/at"))
    state = await parts.reading.state(caller.place.id, asked.environment, when)
    environment = _environment(parts, caller, state, asked.environment)
    if asked.key is None:
        found = _below(caller, state, environment, asked)
    else:
        found = iter([_one(caller, state, environment, asked.key)])
    slug = state.topology.slug
    # One more than is told says whether there is more.
    told = [
        Config.of(key, served, slug(served.origin))
        for key, served in islice(found, asked.limit + 1)
    ]
    items = fitting(told[: asked.limit])
    return Configs(
        workspace=caller.place.slug,
        environment=environment.slug,
        revision=state.revision,
        items=items,
        next_cursor=encode_cursor([items[-1].key]) if len(items) < len(told) else None,
    )


def _environment(parts: Parts, caller: Caller, state: WorkspaceState, slug: str) -> Environment:
    """Return an environment; who names one that is not there is told which are."""
    try:
        return parts.reading.find(caller, state, slug)
    except Problem as problem:
        there = ", ".join(_environments(caller, state)[:50])
        raise Problem(problem.code, f"{problem.detail}; there are: {there}") from None


def _one(
    caller: Caller, state: WorkspaceState, environment: Environment, key: str
) -> tuple[str, Served]:
    check_key(key)
    served = state.served(Site(environment.id, key))
    if served is None or not caller.principal.reaches(environment.slug, key):
        raise Problem("key-not-found", f"{environment.slug} serves no key {key}")
    return key, served


def _below(
    caller: Caller, state: WorkspaceState, environment: Environment, asked: taken.GetConfig
) -> Iterator[tuple[str, Served]]:
    """Yield what is served below the prefix and within the caller's scope, by key."""
    prefix = narrow(caller, asked.prefix)
    if prefix is None:
        return
    position = decode_cursor(asked.cursor, str)
    after = "" if position is None else position[0]
    for key in state.index(environment.id).keys(prefix, after):
        served = state.served(Site(environment.id, key))
        if served is not None:
            yield key, served


async def compare_environments(
    parts: Parts, caller: Caller, asked: taken.CompareEnvironments
) -> Differences:
    """List what two environments do not serve alike."""
    position = decode_cursor(asked.cursor, str)
    found, left, right = await parts.reading.compare(
        caller,
        (asked.left, parse_at(asked.left_at, "/left_at")),
        (asked.right, parse_at(asked.right_at, "/right_at")),
        asked.prefix,
    )
    rest = found if position is None else [each for each in found if each.key > position[0]]
    items = fitting(Differing.of(each) for each in rest[: asked.limit])
    return Differences(
        workspace=caller.place.slug,
        left=Side(environment=left.environment.slug, revision=left.state.revision),
        right=Side(environment=right.environment.slug, revision=right.state.revision),
        total=len(found),
        items=items,
        next_cursor=encode_cursor([items[-1].key]) if len(items) < len(rest) else None,
    )


async def explain_key(parts: Parts, caller: Caller, asked: taken.ExplainKey) -> Explained:
    """Say where a value comes from."""
    found = await parts.history.explain(caller, asked.environment, asked.key)
    return Explained.of(caller.place.slug, found)
