"""Recommendations from the scan to the draft: seen by whom, decided once, remembered."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from msgspec import ValidationError

from central_config.assistant.model.advice import remembering
from central_config.assistant.service import advising, scanning
from central_config.assistant.tasks.advice import KINDS
from central_config.configurations.service.changing import Changing
from central_config.core.clock import SystemClock
from central_config.core.db import open_database, transaction
from central_config.core.jobs import store as jobs
from central_config.core.jobs.model import JobContext
from central_config.core.problems import Problem
from central_config.core.settings import Settings
from tests.assistant.advice.conftest import House, opened

pytestmark = pytest.mark.anyio

PLACE = "/workspaces/shop/recommendations"
TEXT = "https://payments.internal.example/v1"
RUNS = {kind.name: kind.run for kind in KINDS}


async def scan(house: House, kind: str = scanning.SCAN, **settings: Any) -> Any:
    """Ask for a scan and do what the worker does with the job; return its result."""
    job_id = UUID((await house.ok("POST", f"{PLACE}/scan"))["job"])
    given = house.services.settings.model_dump(exclude_none=True) | settings
    chosen = Settings(**given)
    database = open_database(chosen.require_database_url(), chosen)
    try:
        async with transaction(database) as connection:
            job = await jobs.find(connection, job_id)
            assert job is not None
        result = await RUNS[kind](JobContext(job, database, chosen, SystemClock()))
        await house.sql("UPDATE cc_job SET status = 'done' WHERE id = :id", id=job_id)
        return result
    finally:
        await database.dispose()


async def listed(house: House, query: str = "", **more: Any) -> list[Any]:
    return (await house.ok("GET", PLACE + query, **more))["items"]


async def test_a_recommendation_becomes_a_draft_and_nothing_more(house: House) -> None:
    await house.put("base", {"a": 1, "b": 2})
    await house.put("prod", {"a": 1})
    before = await house.ok("GET", PLACE)
    assert (before["items"], before["scanned_at"]) == ([], None)
    assert await scan(house) == {"open": {"redundant": 1}}
    (found,) = await listed(house)
    assert found["title"] == "prod sets a to what base has anyway"
    assert "follows base" in found["effect"]
    assert found["evidence"] == [
        {"environment": "prod", "key": "a", "value": "1"},
        {"environment": "base", "key": "a", "value": "1"},
    ]
    edit = {"environment": "prod", "key": "a", "action": "remove", "value": None, "status": None}
    assert found["edits"] == [edit]

    revision = (await house.ok("GET", "/workspaces/shop"))["revision"]
    change = await house.ok("POST", f"{PLACE}/{found['id']}/accept")
    assert (change["status"], change["author"]) == ("draft", "admin")
    assert (await house.ok("GET", "/workspaces/shop"))["revision"] == revision
    assert await listed(house) == []
    (accepted,) = await listed(house, "?status=accepted")
    assert (accepted["change"], accepted["decided_by"]) == (change["id"], "admin")
    again = await house.send("POST", f"{PLACE}/{found['id']}/accept")
    assert again.status == 409

    # While the draft is open, nobody is told again; afterwards it is as one left it.
    assert await scan(house) == {"open": {}}
    await house.ok("POST", f"/workspaces/shop/changes/{change['id']}/publish")
    assert await scan(house) == {"open": {}}
    assert await listed(house, "?status=all") == []


async def test_a_draft_that_was_thrown_away_is_recommended_again(house: House) -> None:
    await house.put("base", {"a": 1})
    await house.put("prod", {"a": 1})
    await scan(house)
    (found,) = await listed(house)
    change = await house.ok("POST", f"{PLACE}/{found['id']}/accept")
    await house.ok("POST", f"/workspaces/shop/changes/{change['id']}/reject", {"comment": "no"})
    await scan(house)
    (again,) = await listed(house)
    assert (again["id"], again["change"]) == (found["id"], None)


async def test_what_was_dismissed_is_remembered_until_its_facts_change(house: House) -> None:
    await house.put("base", {"a": 1, "b": 1})
    await house.put("prod", {"a": 1, "b": 1})
    await scan(house)
    found = next(each for each in await listed(house) if "sets a " in each["title"])
    assert (await house.send("POST", f"{PLACE}/{found['id']}/dismiss", {})).status == 422
    body = {"reason": "prod is pinned on purpose"}
    done = await house.ok("POST", f"{PLACE}/{found['id']}/dismiss", body)
    assert (done["status"], done["reason"], done["decided_by"]) == (
        "dismissed", "prod is pinned on purpose", "admin",
    )  # fmt: skip
    for _ in range(2):
        assert await scan(house) == {"open": {"redundant": 1}}
        assert [each["title"][:12] for each in await listed(house)] == ["prod sets b "]
    assert [each["id"] for each in await listed(house, "?status=dismissed")] == [found["id"]]

    await house.put("prod", {"a": 2})
    await scan(house)
    assert [each["id"] for each in await listed(house, "?status=dismissed")] == [found["id"]]
    await house.put("prod", {"a": 1})
    assert await scan(house) == {"open": {"redundant": 2}}
    again = next(each for each in await listed(house) if each["id"] == found["id"])
    assert (again["status"], again["reason"]) == ("open", "prod is pinned on purpose")


async def test_what_is_decided_while_a_scan_runs_stands(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.put("base", {"a": 1, "b": 1})
    await house.put("prod", {"a": 1, "b": 1})
    await scan(house)
    first, second = await listed(house)
    look = scanning.of_workspace

    async def meanwhile(*given: Any) -> Any:
        for each in (first, second):
            await house.ok("POST", f"{PLACE}/{each['id']}/dismiss", {"reason": "meanwhile"})
        return await look(*given)

    monkeypatch.setattr(scanning, "of_workspace", meanwhile)
    await house.put("prod", {"b": 2})
    await scan(house)
    assert await listed(house) == []
    assert len(await listed(house, "?status=dismissed")) == 2


async def test_what_has_changed_since_the_scan_is_neither_shown_nor_drafted(house: House) -> None:
    await house.put("base", {"a": 1})
    await house.put("prod", {"a": 1})
    await scan(house)
    (found,) = await listed(house)
    await house.put("prod", {"a": 2})
    assert await listed(house) == []
    refused = await house.send("POST", f"{PLACE}/{found['id']}/accept")
    assert (refused.status, b"changed since" in refused.body) == (409, True)
    assert await house.ok("GET", "/workspaces/shop/changes?status=draft") == {
        "items": [], "next_cursor": None,
    }  # fmt: skip


async def test_a_value_is_copied_when_the_draft_is_made_and_never_that_of_a_secret(
    house: House,
) -> None:
    common = {f"k{n}": n for n in range(10)}
    await house.put("staging", {**common, "new": "copied", "later": "s3cr3t"})
    await house.put("prod", common)
    await scan(house)
    found = {each["evidence"][0]["key"]: each for each in await listed(house)}
    assert found["new"]["edits"][0]["value"] == "copied"
    await house.ok("PATCH", "/workspaces/shop/keys/later", {"secret": True})
    refused = await house.send("POST", f"{PLACE}/{found['later']['id']}/accept")
    assert refused.status == 409
    shown = await house.send("GET", f"{PLACE}/{found['later']['id']}")
    assert b"s3cr3t" not in shown.body
    for each in await listed(house, "?status=all"):
        assert "s3cr3t" not in str(each)
    change = await house.ok("POST", f"{PLACE}/{found['new']['id']}/accept")
    made = await house.ok("GET", f"/workspaces/shop/changes/{change['id']}")
    assert [(each["key"], each["value"]) for each in made["edits"]] == [("new", "copied")]


async def test_each_caller_sees_what_its_scope_holds_and_decides_what_it_may(
    house: House,
) -> None:
    await house.put("base", {"app/a": 1, "db/a": 1})
    await house.put("prod", {"app/a": 1, "db/a": 1})
    await house.ok(
        "POST",
        "/keys",
        {"name": "ending", "workspace": "shop", "access": "read", "secrets": False,
         "expires_at": "2999-01-01T00:00:00Z"},
    )  # fmt: skip
    await house.sql("UPDATE api_keys SET expires_at = now() + interval '3 days'")
    app = await house.key(key_prefix="app/")
    writer = await house.key(key_prefix="app/", access="write")
    narrow = await house.key(environments=["prod"])
    await scan(house)
    assert sorted(each["kind"] for each in await listed(house)) == [
        "expiring-key", "redundant", "redundant",
    ]  # fmt: skip
    (mine,) = await listed(house, token=app)
    assert mine["title"] == "prod sets app/a to what base has anyway"
    assert await listed(house, token=narrow) == []
    other = next(each for each in await listed(house) if "db/a" in each["title"])
    reason = {"reason": "no"}
    for token, found, status in (
        (app, mine, 403), (writer, other, 404), (narrow, mine, 403), (writer, mine, 200),
    ):  # fmt: skip
        answer = await house.send("POST", f"{PLACE}/{found['id']}/dismiss", reason, token)
        assert answer.status == status
    assert (await house.send("POST", f"{PLACE}/scan", token=app)).status == 403
    assert (await house.send("GET", f"{PLACE}/{other['id']}", token=app)).status == 404


async def test_what_nobody_reads_and_what_is_deprecated_and_read(house: House) -> None:
    await house.put("base", {"used": 1, "idle": 1, "part/a": 1})
    await house.put("base", {"old": 1, "older": 1}, status="deprecated")
    await house.count()
    await house.age()
    for path in ("used", "old", "old"):
        await house.ok("GET", f"/config/shop/prod/{path}")
    await house.ok("GET", "/config/shop/prod?prefix=part/")
    await house.count()
    assert await scan(house) == {"open": {"unused": 2, "deprecated": 1}}
    told = {each["evidence"][0]["key"]: each for each in await listed(house)}
    assert set(told) == {"idle", "older", "old"}
    assert told["old"]["title"].startswith("old in base is deprecated and read by name: 2 times")
    assert told["old"]["edits"] == []
    assert (await house.send("POST", f"{PLACE}/{told['old']['id']}/accept")).status == 409
    change = await house.ok("POST", f"{PLACE}/{told['idle']['id']}/accept")
    await house.ok("POST", f"/workspaces/shop/changes/{change['id']}/publish")
    assert (await house.send("GET", "/config/shop/prod/idle")).status == 404


async def test_nothing_is_called_unused_before_it_was_counted_for_a_month(house: House) -> None:
    await house.put("base", {"idle": 1})
    await house.count()
    await house.age(29)
    assert await scan(house) == {"open": {}}
    await house.age(1)
    assert await scan(house) == {"open": {"unused": 1}}


async def test_at_most_so_many_of_a_kind_and_dismissed_ones_make_room(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "MOST", 3)
    values = {f"k{n}": n for n in range(5)}
    await house.put("base", values)
    await house.put("prod", values)
    assert await scan(house) == {"open": {"redundant": 3}}
    page = await house.ok("GET", PLACE + "?limit=2")
    assert (len(page["items"]), page["left_off"]) == (2, ["redundant"])
    rest = await listed(house, f"?limit=2&cursor={page['next_cursor']}")
    shown = [*page["items"], *rest]
    assert [each["evidence"][0]["key"] for each in shown] == ["k0", "k1", "k2"]
    for each in shown:
        await house.ok("POST", f"{PLACE}/{each['id']}/dismiss", {"reason": "kept"})
    assert await scan(house) == {"open": {"redundant": 2}}
    assert (await house.ok("GET", PLACE))["left_off"] == []
    assert len(await listed(house, "?status=dismissed")) == 3
    assert remembering.MOST == 100


async def test_every_workspace_is_scanned_and_the_dead_are_forgotten(house: House) -> None:
    await house.put("base", {"a": 1})
    await house.put("prod", {"a": 1})
    await house.ok("GET", "/config/shop/staging/a")
    await house.count()
    await house.ok("POST", "/workspaces", {"slug": "other"})
    await house.ok("POST", "/workspaces", {"slug": "gone"})
    await house.ok("DELETE", "/workspaces/gone")
    await house.ok("DELETE", "/workspaces/shop/environments/staging")
    assert await scan(house, scanning.SCAN_ALL) == {"workspaces": 2}
    assert await house.sql("SELECT * FROM cc_key_use") == []
    assert await _run_waiting(house) == {"done": 1}  # that of `shop` carried this one
    assert (await house.ok("GET", "/workspaces/other/recommendations"))["scanned_at"] is not None


async def _run_waiting(house: House) -> dict[str, int]:
    """Do what workers do with the jobs that wait; return what became of how many."""
    ends: Counter[str] = Counter()
    settings = house.services.settings
    for row in await house.sql("SELECT id FROM cc_job WHERE status = 'queued'"):
        async with transaction(house.services.database) as connection:
            job = await jobs.find(connection, row.id)
        assert job is not None
        try:
            context = JobContext(job, house.services.database, settings, SystemClock())
            await RUNS[job.kind](context)
            ends["done"] += 1
        except ValidationError:
            ends["failed"] += 1
        await house.sql("UPDATE cc_job SET status = 'done' WHERE id = :id", id=row.id)
    return dict(ends)


async def test_a_workspace_that_cannot_be_scanned_keeps_no_other_waiting(house: House) -> None:
    for slug in ("one", "two"):
        await house.ok("POST", "/workspaces", {"slug": slug})
    for _ in range(2):  # what waits already is not enqueued again
        assert await scan(house, scanning.SCAN_ALL) == {"workspaces": 3}
    await house.sql(
        """INSERT INTO cc_recommendation (id, workspace_id, kind, subject, facts, advice, status,
                                          found_at, seen_at)
           SELECT id, id, 'drift', 's', 'f', '{"kind": 1}', 'open', now(), now()
           FROM cc_workspace WHERE slug = 'one'"""
    )
    await house.ok("POST", f"{PLACE}/scan")
    assert await _run_waiting(house) == {"done": 2, "failed": 1}
    scanned = await house.sql(
        "SELECT w.slug FROM cc_advice_scan AS s JOIN cc_workspace AS w ON w.id = s.workspace_id"
    )
    assert sorted(row.slug for row in scanned) == ["shop", "two"]


async def test_what_cannot_be_drafted_was_never_accepted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.put("base", {"a": 1})
    await house.put("prod", {"a": 1})
    await scan(house)
    (found,) = await listed(house)
    accept = f"{PLACE}/{found['id']}/accept"

    async def refuse(*_: Any, **__: Any) -> Any:
        raise Problem("invalid-request", "planted")

    with monkeypatch.context() as patched:
        patched.setattr(Changing, "draft", refuse)
        assert (await house.send("POST", accept)).status == 422
    assert [each["status"] for each in await listed(house)] == ["open"]
    draft = Changing.draft

    async def late(*given: Any, **more: Any) -> Any:
        change = await draft(*given, **more)
        await house.ok("POST", f"{PLACE}/{found['id']}/dismiss", {"reason": "first"})
        return change

    with monkeypatch.context() as patched:
        patched.setattr(Changing, "draft", late)
        assert (await house.send("POST", accept)).status == 409
    # Nothing is left of the draft, and the log tells of no acceptance.
    assert (await house.ok("GET", "/workspaces/shop/changes?status=draft"))["items"] == []
    events = (await house.ok("GET", "/audit?workspace=shop"))["items"]
    assert [each for each in events if each["action"] == "recommendation.accepted"] == []


async def test_evidence_is_gathered_for_one_page(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {f"k{n}": n for n in range(5)}
    await house.put("base", values)
    await house.put("prod", values)
    await scan(house)
    gathered: list[str] = []
    evidence = advising._evidence

    def hear(state: Any, site: Any) -> Any:
        gathered.append(site.key)
        return evidence(state, site)

    monkeypatch.setattr(advising, "_evidence", hear)
    page = await house.ok("GET", PLACE + "?limit=2")
    assert len(page["items"]) == 2
    assert set(gathered) == {"k0", "k1"}
    rest = await house.ok("GET", f"{PLACE}?limit=3&cursor={page['next_cursor']}")
    assert (len(rest["items"]), rest["next_cursor"]) == (3, None)


async def test_nothing_of_it_runs_where_the_assistant_is_off(
    house: House, settings: Settings
) -> None:
    await house.put("base", {"a": 1})
    await house.put("prod", {"a": 1})
    assert "AI_ENABLED" in (await scan(house, ai_enabled=False))["skipped"]
    assert await house.sql("SELECT * FROM cc_recommendation") == []
    async with opened(settings, ai_enabled=False) as off:
        for method, path in (("GET", ""), ("POST", "/scan")):
            answer = await off.send(method, PLACE + path)
            assert (answer.status, b"ai-disabled" in answer.body) == (503, True)


async def test_decisions_stand_in_the_audit_log(house: House) -> None:
    await house.put("base", {"a": 1, "b": 1})
    await house.put("prod", {"a": 1, "b": 1})
    await scan(house)
    first, second = await listed(house)
    await house.ok("POST", f"{PLACE}/{first['id']}/accept")
    await house.ok("POST", f"{PLACE}/{second['id']}/dismiss", {"reason": "pinned"})
    events = (await house.ok("GET", "/audit?workspace=shop"))["items"]
    told = {each["action"]: each for each in events if each["action"].startswith("recomm")}
    assert set(told) == {
        "recommendations.requested", "recommendation.accepted", "recommendation.dismissed",
    }  # fmt: skip
    (change,) = (await house.ok("GET", "/workspaces/shop/changes?status=draft"))["items"]
    assert told["recommendation.accepted"]["details"] == {
        "kind": "redundant", "change": change["id"],
    }  # fmt: skip
    assert told["recommendation.dismissed"]["details"] == {"kind": "redundant", "reason": "pinned"}
