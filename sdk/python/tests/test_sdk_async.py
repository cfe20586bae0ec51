"""The same under asyncio."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.api import ApiProcess, Workspace

from central_config_client import AsyncClient, AsyncConfig, CacheError, UnavailableError
from central_config_client.problems import InvalidCredentialsError, RevisionRequiredError
from sdk_support import Proxy

pytestmark = pytest.mark.anyio


async def until(true: Callable[[], object], seconds: float = 15.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - it may be anything
            await asyncio.sleep(0.01)


def options_of(url: str, workspace: Workspace) -> dict[str, Any]:
    return {"url": url, "api_key": workspace.key(), "start_timeout": 10.0}


async def test_reads_follows_and_calls_back(server: ApiProcess, workspace: Workspace) -> None:
    told: list[Any] = []

    async def callback(key: str, old: Any, new: Any, revision: int) -> None:
        await asyncio.sleep(0.01)
        told.append(new)
        if new == 3:
            raise RuntimeError("logged")

    async with (
        AsyncConfig(workspace.slug, "staging", **options_of(server.url, workspace)) as config,
        AsyncClient(url=server.url, api_key=workspace.key(access="write")) as client,
    ):
        config.on_change(callback)
        config.on_change(lambda *each: told.append(("plain", *each[:1])))
        for n in range(10):
            await client.put(workspace.slug, "base", "n", n, if_revision="*")
        with pytest.raises(RevisionRequiredError):
            await client.put(workspace.slug, "base", "n", 1)
        await until(lambda: config.get("n") == 9)
        assert (await config.client.read(workspace.slug, "staging")).values == {"n": 9}
        await until(lambda: len(told) == 20)
    assert [each for each in told if isinstance(each, int)] == list(range(10))
    assert config.status.state == "closed"


async def test_failures(
    server: ApiProcess, workspace: Workspace, proxy: Proxy, tmp_path: Path
) -> None:
    options = options_of(proxy.url, workspace) | {"cache": tmp_path / "cache", "cache_key": "k"}
    place = workspace.slug, "staging"
    await asyncio.to_thread(workspace.admin.put, workspace.place("base", "a"), 1)
    with pytest.raises(InvalidCredentialsError):
        await AsyncConfig(*place, url=server.url, api_key="cc_no_no").start()
    async with AsyncConfig(*place, **options):
        pass
    proxy.mood = "reset"
    async with AsyncConfig(*place, **options, silence=1.0, patience=1.0) as config:
        assert (config["a"], config.source) == (1, "cache")
        proxy.mood = "stall-streams"
        await until(lambda: config.status.way == "poll")
        await asyncio.to_thread(workspace.admin.put, workspace.place("base", "a"), 2)
        await until(lambda: config["a"] == 2)
        proxy.mood = "pass"
        await until(lambda: config.status.way == "stream", 40)
        proxy.mood = "reset"
        proxy.drop()
        await until(lambda: config.status.state == "retrying")
    options |= {"cache_key": "another", "start_timeout": 0.5}
    with pytest.raises(CacheError):
        await AsyncConfig(*place, **options).start()
    with pytest.raises(UnavailableError):
        await AsyncConfig(*place, **{**options, "cache": None}).start()
