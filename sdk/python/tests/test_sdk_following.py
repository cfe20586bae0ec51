"""A configuration follows what is written, in order and complete."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.api import ApiProcess, Workspace

from central_config_client import ABSENT, Config, MaskedError, MissingKeyError, NotStartedError
from central_config_client.errors import UnavailableError
from central_config_client.problems import EnvironmentNotFoundError, InvalidCredentialsError
from central_config_client.snapshot import same
from sdk_support import Proxy, wait_for

Make = Callable[..., Config]


def test_reads_what_is_served(open_config: Make, workspace: Workspace) -> None:
    workspace.admin.put(workspace.place("base", "app/host"), "here")
    workspace.admin.put(workspace.place("staging", "app/null"), None)
    with open_config() as config:
        assert config["app/host"] == config.get("app/host") == "here"
        assert config["app/null"] is None
        assert config.get("app/none") is None
        assert config.get("app/none", 5) == 5
        assert dict(config) == {"app/host": "here", "app/null": None}
        assert len(config) == 2
        assert "app/host" in config
        assert config.source == "live"
        assert config.age < 5
        assert config.revision == workspace.revision()
        assert "here" not in repr(config)
        with pytest.raises(MissingKeyError, match="serves no key app/none") as caught:
            config["app/none"]
        assert isinstance(caught.value, KeyError)


def test_follows_a_write(open_config: Make, workspace: Workspace) -> None:
    workspace.admin.put(workspace.place("base", "a"), 1)
    with open_config() as config:
        workspace.admin.put(workspace.place("base", "a"), 2)
        took = wait_for(lambda: config["a"] == 2)
        workspace.admin.ok(
            "DELETE", f"/config/{workspace.place('base', 'a')}", headers={"If-Match": "*"}
        )
        wait_for(lambda: "a" not in config)
        assert config.status.way == "stream"
        print(f"\nfrom the answer to the write to the view: {took * 1000:.1f} ms")


def test_a_prefix_hides_the_rest(open_config: Make, workspace: Workspace) -> None:
    for key in ("app/a", "other/a"):
        workspace.admin.put(workspace.place("base", key), 1)
    with open_config(prefix="app/") as config:
        workspace.admin.put(workspace.place("base", "other/a"), 2)
        workspace.admin.put(workspace.place("base", "app/a"), 2)
        wait_for(lambda: config["app/a"] == 2)
        assert set(config) == {"app/a"}


def test_masked_values_are_not_handed_out(open_config: Make, workspace: Workspace) -> None:
    workspace.admin.put(workspace.place("staging", "db/password"), "hush", secret=True)
    with open_config() as config:
        assert config.masked == {"db/password"}
        for read in (config.__getitem__, config.get, config.get_str):
            with pytest.raises(MaskedError, match="db/password"):
                read("db/password")
        workspace.admin.put(workspace.place("staging", "late"), "hush", secret=True)
        wait_for(lambda: "late" in config.masked)
        assert "late" not in config
    key = workspace.key(secrets=True)
    with open_config(api_key=lambda: key) as config:
        assert config["db/password"] == config["late"] == "hush"


def test_before_the_start_nothing_is_read(open_config: Make) -> None:
    config = open_config()
    for read in (lambda: config["a"], lambda: config.get("a"), lambda: len(config)):
        with pytest.raises(NotStartedError):
            read()


def test_after_close_what_is_known_is_readable(open_config: Make, workspace: Workspace) -> None:
    workspace.admin.put(workspace.place("base", "a"), 1)
    config = open_config().start()
    began = time.monotonic()
    config.close()
    assert time.monotonic() - began < 1, "closing waits for no heartbeat"
    assert config["a"] == 1
    assert config.status.state == "closed"
    assert not any(each.name.startswith("central-config") for each in threading.enumerate())


def test_refusals_at_the_start(open_config: Make, workspace: Workspace, server: ApiProcess) -> None:
    with pytest.raises(InvalidCredentialsError) as caught:
        open_config(api_key="cc_nothing_nothing").start()
    assert caught.value.status == 401
    assert caught.value.request_id
    config = Config(
        workspace.slug, "nowhere", url=server.url, api_key=workspace.key(), start_timeout=5
    )
    with pytest.raises(EnvironmentNotFoundError):
        config.start()
    with pytest.raises(UnavailableError, match="ConnectError"):
        open_config(url="http://127.0.0.1:1", start_timeout=1).start()


def test_the_environment_says_where(
    workspace: Workspace, server: ApiProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="CENTRAL_CONFIG_URL"):
        Config("a", "b", api_key="x").start()
    monkeypatch.setenv("CENTRAL_CONFIG_URL", server.url)
    with pytest.raises(ValueError, match="CENTRAL_CONFIG_API_KEY"):
        Config("a", "b").start()
    monkeypatch.setenv("CENTRAL_CONFIG_API_KEY", workspace.key())
    with Config(workspace.slug, "staging") as config:
        assert dict(config) == {}


def test_callbacks_come_in_order_and_whole(open_config: Make, workspace: Workspace) -> None:
    told: list[tuple[Any, ...]] = []
    whole: list[tuple[int, set[str]]] = []
    with open_config() as config:

        def bad(*_: object) -> None:
            raise RuntimeError("a callback that fails")

        config.on_change(bad)
        config.on_change(lambda *each: told.append((*each, dict(config))), prefix="app/")
        config.on_revision(lambda n, changes: whole.append((n, {each.key for each in changes})))

        @config.on_change(prefix="nowhere/")
        def never(*each: object) -> None:
            told.append(each)

        with config.on_change(lambda *_: None):
            pass
        edits = [
            {"environment": "base", "key": key, "action": "set", "value": 1}
            for key in ("app/a", "app/b", "other")
        ]
        body = {"message": "", "edits": edits, "action": "publish"}
        workspace.admin.ok("POST", f"{workspace.path}/changes", json=body)
        first = workspace.revision()
        workspace.admin.put(workspace.place("base", "app/a"), True)
        wait_for(lambda: len(told) == 3 and len(whole) == 2)
    assert [each[:4] for each in told] == [
        ("app/a", ABSENT, 1, first),
        ("app/b", ABSENT, 1, first),
        ("app/a", 1, True, first + 1),
    ]
    assert all({"app/a", "app/b", "other"} <= set(each[4]) for each in told)
    assert whole == [(first, {"app/a", "app/b", "other"}), (first + 1, {"app/a"})]


def test_a_slow_callback_does_not_hold_the_view_up(open_config: Make, workspace: Workspace) -> None:
    told: list[int] = []
    go_on = threading.Event()
    with open_config() as config:

        def slow(key: str, old: Any, new: int, revision: int) -> None:
            del key, old, revision
            go_on.wait(10)
            told.append(new)

        config.on_change(slow)
        for n in range(150):
            workspace.admin.put(workspace.place("base", "n"), n)
        wait_for(lambda: config.get("n") == 149)
        assert told == []
        go_on.set()
        wait_for(lambda: len(told) == 150)
    assert told == list(range(150))


def test_a_slow_reader_is_cut_and_resumes(
    open_config: Make, workspace: Workspace, proxy: Proxy
) -> None:
    told: list[int] = []
    with open_config(url=proxy.url) as config:
        config.on_change(lambda key, old, new, revision: told.append(new[0]))
        wait_for(lambda: config.status.way == "stream")
        proxy.mood = "slow"
        for n in range(200):
            workspace.admin.put(workspace.place("base", "n"), [n, "x" * 100_000])
        before = proxy.streams()
        proxy.mood = "pass"
        took = wait_for(lambda: len(told) == 200)
        assert proxy.streams() > before, "the server did not cut it"
        print(f"\ncaught up with 200 revisions of 100 kB in {took:.2f} s")
    assert told == list(range(200))


def test_random_writes_are_seen_as_the_server_sees_them(
    open_config: Make, workspace: Workspace, proxy: Proxy
) -> None:
    """1,000 writes in changes of 1 to 8, over a connection that keeps breaking."""
    chance = random.Random(20)  # noqa: S311
    keys = [f"{a}/{b}" for a in "abcd" for b in range(8)]
    view: dict[str, Any] = {}
    revisions: list[int] = []
    held: set[tuple[str, str]] = set()
    written = 0
    with open_config(url=proxy.url) as config:
        view.update(config)

        def apply(key: str, old: Any, new: Any, revision: int) -> None:
            assert same(view.get(key, ABSENT), old)
            view.pop(key, None)
            if new is not ABSENT:
                view[key] = new
            revisions.append(revision)

        config.on_change(apply)
        while written < 1000:
            edits = [edit(chance, key, held) for key in chance.sample(keys, chance.randint(1, 8))]
            body = {"edits": edits, "action": "publish", "base_revision": workspace.revision()}
            workspace.admin.ok("POST", f"{workspace.path}/changes", json={"message": "", **body})
            written += len(edits)
            for each in edits:
                place = each["environment"], each["key"]
                held.add(place) if each["action"] == "set" else held.remove(place)
            if chance.random() < 0.1:
                proxy.drop()
        expected = workspace.admin.values(workspace.place("staging"))
        wait_for(lambda: same(dict(config), expected))
        wait_for(lambda: same(view, expected))
    assert revisions == sorted(revisions)
    assert proxy.streams() >= 3


def edit(chance: random.Random, key: str, held: set[tuple[str, str]]) -> dict[str, Any]:
    environment = chance.choice(["base", "staging", "staging", "prod"])
    edit = {"environment": environment, "key": key}
    if (environment, key) in held and chance.random() < 0.4:
        return {**edit, "action": "remove"}
    values = [chance.randint(0, 1), float(chance.randint(0, 1)), True, "text", {"a": [1, None]}]
    return {**edit, "action": "set", "value": chance.choice(values)}
