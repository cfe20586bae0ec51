"""Schedulers: one leads, another takes over, and no restart repeats what was done."""

import asyncio

import pytest

from tests.worker.support import Bench, Child, Start, wait_for

pytestmark = pytest.mark.anyio

LEADS = "this scheduler leads"


async def scheduled(bench: Bench) -> int:
    (found,) = await bench.execute("SELECT count(*) FROM cc_job WHERE dedupe_key = 'test.daily'")
    return found


async def make_due(bench: Bench) -> None:
    """Let a day pass, with what the day before asked for done."""
    await bench.execute("UPDATE cc_job SET status = 'done', finished_at = now()")
    await bench.execute(
        "UPDATE cc_schedule SET last_enqueued_at = last_enqueued_at - interval '1 day'"
    )


async def count(bench: Bench, expected: int) -> None:
    async def there() -> bool:
        return await scheduled(bench) == expected

    await wait_for(there, f"{expected} scheduled jobs")


async def test_one_leads_and_another_takes_over(bench: Bench, start: Start) -> None:
    beats = [start("beat"), start("beat")]

    async def leaders() -> list[Child]:
        return [beat for beat in beats if LEADS in beat.text()]

    (leader,) = await wait_for(leaders, "a leader")
    await count(bench, 1)
    await asyncio.sleep(0.8)
    assert await leaders() == [leader]
    leader.kill()
    (standby,) = [beat for beat in beats if beat is not leader]
    await standby.until_logged(LEADS)
    await asyncio.sleep(0.5)
    assert await scheduled(bench) == 1  # the new leader knows that today's was asked for
    await make_due(bench)
    await count(bench, 2)
    code, _ = await standby.stop()
    assert code == 0, standby.text()


async def test_a_restart_repeats_nothing_and_a_disabled_schedule_rests(
    bench: Bench, start: Start
) -> None:
    beat = start("beat")
    await count(bench, 1)
    assert (await beat.stop())[0] == 0, beat.text()
    beat = start("beat")
    await beat.until_logged(LEADS)
    await asyncio.sleep(0.5)
    assert await scheduled(bench) == 1
    await bench.execute("UPDATE cc_schedule SET enabled = false")
    await make_due(bench)
    await asyncio.sleep(0.5)
    assert await scheduled(bench) == 1


async def test_a_leader_cut_off_from_the_database_leads_again(bench: Bench, start: Start) -> None:
    beat = start("beat")
    await count(bench, 1)
    (cut,) = await bench.execute(
        """SELECT pg_terminate_backend(pid) FROM pg_locks
           JOIN pg_database ON pg_database.oid = database
           WHERE locktype = 'advisory' AND datname = current_database()"""
    )
    assert cut
    await make_due(bench)
    await count(bench, 2)
    assert beat.process.poll() is None
