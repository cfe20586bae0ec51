"""Reads are counted: all of them, apart by what they say of a key, by all replicas together."""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import event

from central_config.access.model import SYSTEM_CALLER, Caller
from central_config.assistant.service import uses as service
from central_config.assistant.service.scanning import Scanning
from central_config.configurations.model import counts as model
from central_config.configurations.model.counts import Place, ReadCounts
from central_config.core.clock import SystemClock
from central_config.core.settings import Settings
from central_config.watch.service import Watching
from tests.assistant.advice.conftest import Counted, House, counted, opened

pytestmark = pytest.mark.anyio


class _Later:
    """A clock that goes ahead of the machine's."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead


async def _place(house: House) -> Any:
    place = await house.services.directory.resolve("shop")
    assert place is not None
    await house.services.snapshots.get(place.id)
    return place


async def test_each_way_to_read_is_counted_as_what_it_is(house: House) -> None:
    await house.put("base", {"a/one": 1, "a/two": 2, "b": 3})
    for _ in range(3):
        await house.ok("GET", "/config/shop/prod/a/one")
    await house.ok("GET", "/config/shop/prod?key=a/two&key=a/none")
    await house.ok("GET", "/config/shop/prod?prefix=a/")
    await house.ok("GET", "/config/shop/staging")
    await house.ok("GET", "/config/shop/staging?at=4")
    await house.ok("GET", "/workspaces/shop/environments/base/export?format=json")
    await house.count()
    assert await counted(house) == [
        Counted("base", True, "", 1),
        Counted("prod", False, "a/one", 3),
        Counted("prod", False, "a/two", 1),
        Counted("prod", True, "a/", 1),
        Counted("staging", True, "", 2),
    ]


async def test_a_read_that_found_nothing_new_is_a_read(house: House) -> None:
    await house.put("base", {"a": 1})
    tag = (await house.send("GET", "/config/shop/prod/a")).headers["etag"]
    for _ in range(2):
        assert (await house.send("GET", "/config/shop/prod/a", if_none_match=tag)).status == 304
    await house.count()
    assert await counted(house) == [Counted("prod", False, "a", 3)]


async def test_what_is_not_served_leaves_no_trace(house: House) -> None:
    await house.put("base", {"a": 1})
    scoped = await house.key(key_prefix="b", environments=["prod"])
    for path in ("/config/shop/prod/none", "/config/shop/prod?key=none", "/config/shop/none"):
        await house.send("GET", path)
    for path in ("/config/shop/prod/a", "/config/shop/prod?key=a", "/config/shop/base"):
        await house.send("GET", path, token=scoped)
    await house.count()
    assert await counted(house) == []


async def test_a_narrow_key_reads_only_its_part(house: House) -> None:
    await house.put("base", {"a/one": 1, "b": 3})
    scoped = await house.key(key_prefix="a/")
    for _ in range(2):  # the second by the data plane
        await house.ok("GET", "/config/shop/prod", token=scoped)
    await house.count()
    assert await counted(house) == [Counted("prod", True, "a/", 2)]


async def test_an_open_watch_reads_as_long_as_it_is_open(house: House) -> None:
    await house.put("base", {"a": 1})
    watching: Watching = house.services.by_type[Watching]
    place = await house.services.directory.resolve("shop")
    caller = Caller(SYSTEM_CALLER.principal, SYSTEM_CALLER.actor, place)
    watcher, _ = await watching.open(caller, "prod", "a", None)
    await house.count()
    await house.count()
    watching.close(watcher)
    await house.count()
    assert await counted(house) == [Counted("prod", True, "a", 3)]


async def test_a_read_costs_no_statement_and_a_minute_of_them_one(house: House) -> None:
    await house.put("base", {f"k{n}": n for n in range(50)})
    await house.ok("GET", "/config/shop/prod/k0")
    await house.count()
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        heard.append(statement)

    event.listen(house.services.database.sync_engine, "before_cursor_execute", hear)
    for n in range(50):
        for _ in range(4):
            await house.ok("GET", f"/config/shop/prod/k{n}")
    assert not [each for each in heard if "cc_key_use" in each]
    heard.clear()
    await house.count()
    assert len([each for each in heard if "cc_key_use" in each]) == 1
    assert sum(each.reads for each in await counted(house)) == 201


async def test_replicas_add_up_and_keep_what_the_database_did_not_take(
    house: House, settings: Settings
) -> None:
    await house.put("base", {"a": 1})
    async with opened(settings) as other:
        for each, times in ((house, 2), (other, 3)):
            for _ in range(times):
                await each.ok("GET", "/config/shop/prod/a")
        await asyncio.gather(house.count(), other.count())
        assert await counted(house) == [Counted("prod", False, "a", 5)]
        await other.ok("GET", "/config/shop/prod/a")
        await house.sql("ALTER TABLE cc_key_use RENAME TO away")
        with pytest.raises(Exception, match="cc_key_use"):
            await other.count()
        await house.sql("ALTER TABLE away RENAME TO cc_key_use")
        await other.count()
        assert await counted(house) == [Counted("prod", False, "a", 6)]
        await other.ok("GET", "/config/shop/prod/a")
    # It ended, and wrote down what it still knew.
    assert await counted(house) == [Counted("prod", False, "a", 7)]


async def test_counting_begins_anew_after_a_gap(house: House) -> None:
    uses: service.Uses = house.services.by_type[service.Uses]
    await house.count()
    began = await uses.since()
    await house.sql("UPDATE cc_use_counting SET flushed_at = now() - interval '59 minutes'")
    await house.count()
    assert await uses.since() == began
    await house.sql("UPDATE cc_use_counting SET flushed_at = now() - interval '61 minutes'")
    await house.count()
    since = await uses.since()
    assert since is not None
    assert began is not None
    assert since > began


async def test_what_no_key_begins_with_is_not_read(house: House) -> None:
    await house.put("base", {"a/one": 1})
    noise = "".join(random.Random(1).choices("abcdefghijklmnop", k=3200))  # noqa: S311
    for prefix in (noise, "no key", "/", "a//", "a/o"):
        for _ in range(2):  # the second by the data plane
            await house.ok("GET", f"/config/shop/base?prefix={quote(prefix)}")
    await house.count()
    assert await counted(house) == [Counted("base", True, "a/o", 2)]


async def test_a_row_that_cannot_be_written_holds_up_no_other(house: House) -> None:
    state = house.services.snapshots.peek((await _place(house)).id)
    base = state.topology.find("base").id
    counts = ReadCounts()
    noise = "".join(random.Random(1).choices("abcdefghijklmnop", k=40_000))  # noqa: S311
    for key in ("a", noise, "b", "c"):
        counts.key(base, key)
    uses: service.Uses = house.services.by_type[service.Uses]
    await uses.flush(counts)
    assert len(counts) == 0
    assert [each.name for each in await counted(house)] == ["a", "b", "c"]
    counts.key(base, noise)
    await house.sql("UPDATE cc_use_counting SET flushed_at = now() - interval '59 minutes'")
    await uses.flush(counts)
    recently = "SELECT 1 FROM cc_use_counting WHERE flushed_at > now() - interval '1 minute'"
    assert await house.sql(recently)


async def test_nobody_counts_where_nobody_has_written_for_long(house: House) -> None:
    uses: service.Uses = house.services.by_type[service.Uses]
    await house.count()
    assert await uses.since() is not None
    await house.sql("UPDATE cc_use_counting SET flushed_at = now() - interval '61 minutes'")
    assert await uses.since() is None


async def test_counting_begins_anew_after_a_gap_of_one_process(house: House) -> None:
    later = _Later()
    mine = service.Uses(house.services.database, later)
    await mine.flush(ReadCounts())
    began = await mine.since()
    assert began is not None
    later.ahead = timedelta(minutes=59)
    await mine.flush(ReadCounts())
    assert await mine.since() == began
    # Others go on, while this one cannot write what its readers read.
    later.ahead += timedelta(minutes=61)
    await house.count()
    assert await mine.since() == began
    await mine.flush(ReadCounts())
    since = await mine.since()
    assert since is not None
    assert since > began
    await mine.flush(ReadCounts())
    assert await mine.since() == since


async def test_prefixes_nobody_reads_any_more_become_one(house: House) -> None:
    await house.put("base", {"a": 1})
    counts = ReadCounts()
    state = house.services.snapshots.peek((await _place(house)).id)
    base = state.topology.find("base").id
    for prefix in ("old/", "older/", "new/"):
        counts.part(base, prefix)
    counts.key(base, "a")
    await house.services.by_type[service.Uses].flush(counts)
    back = "UPDATE cc_key_use SET last_read_at = now() - make_interval(days => :days)"
    await house.sql(f"{back} WHERE name <> 'new/'", days=95)
    await house.sql(f"{back} WHERE name = 'older/'", days=99)
    scanning = Scanning(house.services.database, house.services.snapshots, SystemClock())
    for _ in range(2):
        await scanning.workspaces()
        assert await counted(house) == [
            Counted("base", False, "a", 1),
            Counted("base", True, "", 2),
            Counted("base", True, "new/", 1),
        ]
    [row] = await house.sql(
        "SELECT extract(day FROM now() - last_read_at) AS days FROM cc_key_use"
        " WHERE part AND name = ''"
    )
    assert row.days == 95


async def test_nothing_is_counted_where_the_assistant_is_off(
    house: House, settings: Settings
) -> None:
    del house
    async with opened(settings, ai_enabled=False) as off:
        assert off.services.counting is None
        await off.put("base", {"a": 1})
        await off.ok("GET", "/config/shop/prod/a")
        assert await counted(off) == []


def test_more_than_can_be_kept_counts_as_a_read_of_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(model, "_KEPT", 2)
    monkeypatch.setattr(model, "_PREFIXES", 2)
    here = service.UUID(int=1)
    counts = ReadCounts()
    for key in "abca":
        counts.key(here, key)
    taken = {each.place: each.reads for each in counts.take(9)}
    assert taken == {
        Place(here, "a", part=False): 2,
        Place(here, "b", part=False): 1,
        Place(here, "", part=True): 1,
    }
    for prefix in "ab":
        counts.part(here, prefix)
    counts.part(here, "c")
    counts.part(here, "a")
    assert [(each.place.name, each.reads) for each in counts.take(1)] == [("a", 2)]
    assert [(each.place.name, each.reads) for each in counts.take(9)] == [("b", 1), ("", 1)]
