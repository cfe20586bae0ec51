"""Servers that die, networks that block: what is known stays, and nothing is missed."""

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.api import ApiProcess, Workspace

from central_config_client import CacheError, Config, StaleError, UnavailableError
from central_config_client.cache import Cache
from central_config_client.problems import InvalidCredentialsError
from central_config_client.snapshot import Snapshot
from sdk_support import Proxy, wait_for

Make = Callable[..., Config]
NOBODY = "http://127.0.0.1:1"


def test_starts_from_the_cache(
    open_config: Make, workspace: Workspace, proxy: Proxy, tmp_path: Path
) -> None:
    place = tmp_path / "config.cache"
    workspace.admin.put(workspace.place("base", "a"), [1, None, "ü"])
    workspace.admin.put(workspace.place("base", "old"), 1, status="deprecated")
    told: list[Any] = []
    with open_config(url=proxy.url, cache=place) as config:
        known = config.snapshot
        assert config.deprecated == {"old"}
    assert place.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [place]
    proxy.mood = "reset"
    began = time.monotonic()
    with open_config(url=proxy.url, cache=place) as config:
        print(f"\nstarted from the cache in {(time.monotonic() - began) * 1000:.0f} ms")
        assert config.snapshot == known
        assert config.source == "cache"
        assert config.status.state == "retrying"
        assert isinstance(config.error, UnavailableError)
        assert 0 < config.age < 20
        config.on_change(lambda *each: told.append(each))
        workspace.admin.put(workspace.place("base", "a"), 2)
        proxy.mood = "pass"
        wait_for(lambda: config.source == "live")
        assert config["a"] == 2
        wait_for(lambda: told)
        assert told == [("a", [1, None, "ü"], 2, config.revision)]
        assert config.error is None


def test_a_cache_that_is_too_old_is_refused(
    open_config: Make, proxy: Proxy, tmp_path: Path
) -> None:
    place = tmp_path / "config.cache"
    options = {"url": proxy.url, "cache": place, "start_timeout": 1.0}
    open_config(**options).start().close()
    proxy.mood = "reset"
    time.sleep(0.3)
    with pytest.raises(StaleError) as caught:
        open_config(**options, cache_max_age=0.2).start()
    assert caught.value.age > caught.value.limit == 0.2
    assert isinstance(caught.value.__cause__, UnavailableError)
    # The age goes on while it is shown.
    with open_config(**options, max_age=2.0) as config:
        wait_for(lambda: config.age > 2)
        for read in (lambda: config["a"], lambda: config.get("a"), lambda: len(config)):
            with pytest.raises(StaleError):
                read()
        proxy.mood = "pass"
        wait_for(lambda: config.source == "live")
        assert config.get("a") is None


@pytest.mark.parametrize("key", [None, "a key for signing"])
def test_a_damaged_cache_is_refused(
    open_config: Make, workspace: Workspace, proxy: Proxy, tmp_path: Path, key: str | None
) -> None:
    place = tmp_path / "config.cache"
    workspace.admin.put(workspace.place("base", "a"), "right")
    options = {"url": proxy.url, "cache": place, "cache_key": key, "start_timeout": 0.5}
    open_config(**options).start().close()
    proxy.mood = "reset"
    whole = place.read_bytes()
    for broken in (whole.replace(b"right", b"wrong"), whole[:-5], b"", b"{}\n{}"):
        place.write_bytes(broken)
        with pytest.raises(CacheError, match="signature" if key else "checksum"):
            open_config(**options).start()
    place.write_bytes(whole)
    with open_config(**options) as config:
        assert config["a"] == "right"
    for other in ({"cache_key": "another"}, {"prefix": "a"}):
        with pytest.raises(CacheError):
            open_config(**{**options, **other}).start()


def test_an_unsigned_cache_is_refused_where_a_key_is_given(
    open_config: Make, proxy: Proxy, tmp_path: Path
) -> None:
    options = {"url": proxy.url, "cache": tmp_path / "cache", "start_timeout": 0.5}
    open_config(**options).start().close()
    proxy.mood = "reset"
    with pytest.raises(CacheError, match="signature"):
        open_config(**options, cache_key="k").start()


def test_a_refusal_is_not_papered_over_by_the_cache(
    open_config: Make, server: ApiProcess, tmp_path: Path
) -> None:
    options = {"url": server.url, "cache": tmp_path / "cache"}
    open_config(**options).start().close()
    with pytest.raises(InvalidCredentialsError):
        open_config(**options, api_key="cc_revoked_meanwhile").start()


def test_a_cache_that_cannot_be_written_stops_nothing(
    open_config: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_config(cache=tmp_path / "no" / "such" / "folder") as config:
        wait_for(lambda: "cannot be written" in caplog.text)
        assert config.status.state == "live"


@pytest.mark.timeout(240)  # it starts the server four times
def test_a_server_that_is_killed_under_a_watch(api: ApiProcess, own: Workspace) -> None:
    told: list[tuple[int, int]] = []
    options: dict[str, Any] = {"url": api.url, "api_key": own.key(), "max_backoff": 1.0}
    with Config(own.slug, "staging", **options) as config:
        config.on_change(lambda key, old, new, revision: told.append((new, revision)))
        for turn in range(3):
            for n in range(20):
                own.admin.put(own.place("base", "n"), turn * 20 + n)
            api.kill()
            wait_for(lambda: config.status.state == "retrying")
            assert config["n"] in range(turn * 20 + 20)
            api.start()
            took = wait_for(lambda: config.status.state == "live")
            print(f"\nlive again {took * 1000:.0f} ms after the server was ready")
        own.admin.put(own.place("base", "n"), 60)
        wait_for(lambda: config["n"] == 60)
        wait_for(lambda: len(told) >= 61)
    assert [value for value, _ in told] == list(range(61))
    assert len({revision for _, revision in told}) == 61


@pytest.mark.parametrize("mood", ["stall-streams", "cut-streams", "forbid-streams"])
def test_streams_that_do_not_pass(
    open_config: Make, workspace: Workspace, proxy: Proxy, mood: Any
) -> None:
    """Long polls take over; once streams pass again, they do."""
    told: list[int] = []
    with open_config(url=proxy.url, silence=1.0, patience=2.0, max_backoff=0.5) as config:
        config.on_change(lambda key, old, new, revision: told.append(new))
        wait_for(lambda: config.status.way == "stream")
        proxy.mood = mood
        proxy.drop()
        down = wait_for(lambda: config.status.way == "poll" or config.status.state == "refused")
        assert config.status.way == "poll"
        for n in range(10):
            workspace.admin.put(workspace.place("base", "n"), n)
        wait_for(lambda: len(told) == 10)
        assert config.status.state == "live"
        proxy.mood = "pass"
        wait_for(lambda: write_until(workspace, config) == "stream", 40)
        up = told[-1]
        print(f"\n{mood}: long polls after {down:.1f} s, back after {up - 9} writes")
        wait_for(lambda: len(told) == config["n"] + 1)
    assert told == list(range(len(told)))


def write_until(workspace: Workspace, config: Config) -> str | None:
    """Write the next number, so that somebody has something to say."""
    time.sleep(0.2)
    workspace.admin.put(workspace.place("base", "n"), config["n"] + 1)
    before = config["n"] + 1
    wait_for(lambda: config["n"] >= before - 1)
    return config.status.way


def test_a_key_that_is_revoked(workspace: Workspace, server: ApiProcess) -> None:
    key = workspace.admin.ok(
        "POST",
        "/keys",
        json={"name": "r", "workspace": workspace.slug, "access": "read", "secrets": False},
    )
    present = [key["token"]]
    workspace.admin.put(workspace.place("base", "a"), 1)
    options: dict[str, Any] = {"url": server.url, "api_key": lambda: present[0], "max_backoff": 1.0}
    with Config(workspace.slug, "staging", **options) as config:
        assert workspace.admin.request("DELETE", f"/keys/{key['id']}").status_code < 300
        wait_for(lambda: config.status.state == "refused")
        assert isinstance(config.error, InvalidCredentialsError)
        assert config["a"] == 1
        present[0] = workspace.key()
        workspace.admin.put(workspace.place("base", "a"), 2)
        wait_for(lambda: config.get("a") == 2)
        assert config.status.state == "live"
        assert config.error is None


def test_a_key_that_cannot_be_had(workspace: Workspace, server: ApiProcess) -> None:
    working = True

    def vault() -> str:
        if not working:
            raise RuntimeError("the vault is closed")
        return key

    key = workspace.key()
    with Config(workspace.slug, "staging", url=server.url, api_key=vault) as config:
        wait_for(lambda: config.status.way == "stream")
        working = False
        config._carrier._network.get_extra_info("socket").shutdown(2)
        wait_for(lambda: "vault" in str(config.error))
        working = True
        wait_for(lambda: config.status.state == "live")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_leaves_the_parent_alone(open_config: Make, workspace: Workspace) -> None:
    workspace.admin.put(workspace.place("base", "a"), 1)
    with open_config() as config:
        child = os.fork()
        if child == 0:
            try:
                ok = config["a"] == 1
                config.close()
            finally:
                os._exit(0 if ok else 1)
        assert os.waitpid(child, 0)[1] == 0
        workspace.admin.put(workspace.place("base", "a"), 2)
        wait_for(lambda: config["a"] == 2)
        assert config.status.state == "live"


def test_a_cache_from_the_future_is_refused_where_its_age_matters(tmp_path: Path) -> None:
    identity = {"url": "http://127.0.0.1:1"}
    for limit, refused in ((3600.0, True), (math.inf, False)):
        cache = Cache(tmp_path / "cache", identity, None, limit)
        cache.save(Snapshot(3, {"a": 1}, frozenset(), frozenset()), age=-600)
        if refused:
            with pytest.raises(CacheError, match="age cannot be told"):
                cache.load()
        else:
            assert cache.load().snapshot.values["a"] == 1
