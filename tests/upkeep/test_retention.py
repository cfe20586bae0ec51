"""Old months of the audit log leave the database, and nothing of the proof is lost."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from central_config.audit import routes
from central_config.audit.model import Verification, encode_heads, verify_export
from central_config.audit.service import AuditService
from central_config.audit.service.archive import verify_files
from central_config.audit.service.retention import Retention, RetentionReport, months_before
from central_config.core.compression import zstd
from tests.upkeep.conftest import BANK, SHOP, Past, day

pytestmark = pytest.mark.anyio

Disk = Callable[[int], None]

DEFAULT = ["cc_audit_log_default"]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def names(archive: Path) -> list[str]:
    """Return what stands in the archive."""
    return sorted(each.name for each in archive.iterdir())


async def seal(past: Past, archive: Path | None, months: int = 13) -> RetentionReport:
    return await Retention(past.database, past.clock, months, archive, tries=2, pause=0.1).run()


async def verify(past: Past) -> Verification:
    return await AuditService(past.database).verify()


async def export(past: Past, file: Path) -> Path:
    """Write what the server would stream."""
    lines = [line async for line in routes._lines(AuditService(past.database), None)]
    return written(file, b"".join(lines))


def written(file: Path, data: bytes) -> Path:
    file.write_bytes(data)
    return file


async def test_two_months_are_sealed_and_the_chains_go_on(past: Past, archive: Path) -> None:
    whole = await verify(past)
    assert (whole.broken, whole.events) == (None, 10)
    report = await seal(past, archive)
    assert report.held is None
    assert [each.month for each in report.sealed] == ["2025-08", "2025-09"]
    assert await past.partitions() == [
        *DEFAULT,
        "cc_audit_log_y2025m10",
        "cc_audit_log_y2025m11",
    ]
    found = await verify(past)
    assert found.broken is None
    assert found.starts[SHOP].sequence == 4
    assert found.starts[BANK].sequence == 1
    assert found.heads[SHOP] == whole.heads[SHOP]
    assert [each.file for each in found.sealed] == [each.file for each in report.sealed]
    assert found.events == 10 - 5 + 2  # of the seals themselves
    files = [archive / each.file for each in report.sealed]
    for file, each in zip(files, report.sealed, strict=True):
        assert hashlib.sha256(file.read_bytes()).digest() == each.sha256
        assert file.stat().st_mode & 0o777 == 0o600
    assert len(names(archive)) == 2
    everything = verify_files([*files, await export(past, archive / "live.jsonl")])
    assert everything.broken is None
    assert everything.events == 12
    assert everything.starts[SHOP].sequence == 0
    assert everything.heads == found.heads


async def test_files_prove_themselves_alone_and_only_in_their_order(
    past: Past, archive: Path
) -> None:
    sealed = (await seal(past, archive)).sealed
    august, september = (archive / each.file for each in sealed)
    live = await export(past, archive / "live.jsonl")
    for file in (august, september, live):
        assert verify_files([file]).broken is None
    for files, words in (
        ([september, august], "has come to event"),
        ([august, live], "event 3 is missing"),
        ([august, august], "has come to event 2"),
    ):
        broken = verify_files(files).broken
        assert broken is not None
        assert words in broken.reason
    damaged = archive / "damaged"
    damaged.write_bytes(august.read_bytes()[:-9])
    with pytest.raises(OSError, match="damaged"):
        verify_files([damaged])


async def test_an_export_without_its_beginning_is_found(past: Past, archive: Path) -> None:
    await seal(past, archive)
    live = (await export(past, archive / "live.jsonl")).read_bytes().splitlines()
    without = [line for line in live if b'"sequence":5,' not in line or b"heads" in line]
    assert len(without) == len(live) - 1
    broken = verify_export(without).broken
    assert broken is not None
    assert broken.reason == "the chain should begin with event 5"


async def test_a_chain_whose_every_event_is_sealed(past: Past, archive: Path) -> None:
    past.clock.moment = day("2026-12-23")  # the month of BANK's last events is past, too
    report = await seal(past, archive)
    assert [each.month for each in report.sealed] == ["2025-08", "2025-09", "2025-10"]
    found = await verify(past)
    assert found.broken is None
    assert found.heads[BANK].sequence == 3
    live = await export(past, archive / "live.jsonl")
    assert verify_files([live]).broken is None
    await past.event("2026-11-23", BANK)
    assert (await verify(past)).heads[BANK].sequence == 4
    await past.execute("DELETE FROM cc_audit_log WHERE chain = :bank", bank=BANK)
    broken = (await verify(past)).broken
    assert broken is not None
    assert broken.reason == "the chain ends at 3, its head says 4"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE cc_audit_seal_chain SET ends_at = '\\x00' WHERE last_sequence = 4", "hash"),
        ("UPDATE cc_audit_seal_chain SET starts_from = '\\x00' WHERE first_sequence = 3", "go on"),
        ("UPDATE cc_audit_seal_chain SET last_sequence = 3 WHERE last_sequence = 4", "missing"),
        ("DELETE FROM cc_audit_seal_chain WHERE first_sequence = 1", "go on at 3"),
        ("UPDATE cc_audit_seal SET file_sha256 = '\\x00' WHERE events = 2", "no event tells"),
        ("UPDATE cc_audit_seal SET file = 'other' WHERE events = 2", "no event tells"),
        ("DELETE FROM cc_audit_log WHERE sequence = 5", "event 5 is missing"),
        ("DELETE FROM cc_audit_log WHERE action = 'audit.sealed'", "its head says"),
    ],
)
async def test_what_was_done_to_seals_is_found(
    past: Past, archive: Path, statement: str, words: str
) -> None:
    await seal(past, archive)
    assert (await verify(past)).broken is None
    await past.execute(statement)
    broken = (await verify(past)).broken
    assert broken is not None
    assert words in broken.reason


async def test_the_beginning_of_an_unsealed_chain_cannot_go(past: Past) -> None:
    await past.execute("DELETE FROM cc_audit_log WHERE chain = :c AND sequence < 3", c=SHOP)
    broken = (await verify(past)).broken
    assert broken is not None
    assert broken == (SHOP, 3, "event 1 is missing")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cc_audit_log SET actor_name = 'eve' WHERE sequence = 2",
        "DELETE FROM cc_audit_log WHERE sequence = 2",
        "UPDATE cc_audit_log SET previous = '\\x00' WHERE sequence = 3",
    ],
)
async def test_a_log_that_was_changed_stays_where_it_is(
    past: Past, archive: Path, statement: str
) -> None:
    await past.execute(statement)
    before = await past.execute("SELECT count(*) FROM cc_audit_log")
    report = await seal(past, archive)
    assert report.failed
    assert report.sealed == ()
    assert "cc_audit_log_y2025m08" in await past.partitions()
    assert await past.execute("SELECT count(*) FROM cc_audit_log") == before
    assert names(archive) == []


async def test_an_archive_that_cannot_be_written_loses_nothing(
    past: Past, archive: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    report = await seal(past, tmp_path / "file" / "archive")
    assert report.failed
    assert report.held is not None
    assert "cannot write" in report.held.reason
    assert len(await past.partitions()) == 5
    assert (await verify(past)).events == 10
    note = (await seal(past, None)).note
    assert "AUDIT_ARCHIVE_DIR" in note
    assert "kept for ever" in (await seal(past, archive, months=0)).note
    assert len(await past.partitions()) == 5


def lose_the_end(handle: int) -> None:
    os.ftruncate(handle, max(os.fstat(handle).st_size - 20, 0))


def keep_something_else(handle: int) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, zstd.compress(encode_heads({})), 0)


@pytest.mark.parametrize(
    ("disk", "words"), [(lose_the_end, "damaged"), (keep_something_else, "reads back wrong")]
)
async def test_a_disk_that_keeps_something_else_than_it_was_given(
    past: Past, archive: Path, monkeypatch: pytest.MonkeyPatch, disk: Disk, words: str
) -> None:
    monkeypatch.setattr(os, "fsync", disk)
    report = await seal(past, archive)
    assert report.failed
    assert report.held is not None
    assert words in report.held.reason
    assert len(await past.partitions()) == 5
    assert names(archive) == []
    assert (await verify(past)).events == 10


async def test_a_month_from_which_its_chain_does_not_go_on_stays(past: Past, archive: Path) -> None:
    past.clock.moment = day("2026-12-23")
    await past.execute("UPDATE cc_audit_log SET previous = '\\x00' WHERE sequence = 5")
    report = await seal(past, archive)
    assert report.held is not None
    assert report.held.reason == f"chain {SHOP} does not go on from event 4"
    assert [each.month for each in report.sealed] == ["2025-08"]


async def test_an_attempt_that_stopped_before_the_commit_is_repeated(
    past: Past, archive: Path
) -> None:
    # The seal cannot be inserted: another stands in its place.
    await past.execute(
        "INSERT INTO cc_audit_seal VALUES ('cc_audit_log_y2025m08', now(), now(), '', '', 0, now())"
    )
    with pytest.raises(Exception, match="unique"):
        await seal(past, archive)
    assert len(await past.partitions()) == 5
    assert len(names(archive)) == 1  # of a commit that might have happened
    await past.execute("DELETE FROM cc_audit_seal")
    assert (await verify(past)).events == 10
    assert len((await seal(past, archive)).sealed) == 2
    assert len(names(archive)) == 2


async def test_clocks_that_differ_at_the_turn_of_a_month(past: Past, archive: Path) -> None:
    # The second of these is older than the first, and lies in the month before it.
    await past.events(["2025-10-01T00:00:01", "2025-09-30T23:59:59.5", "2025-10-01T00:00:02"], BANK)
    await past.months("2025-07")
    whole = await verify(past)
    assert whole.broken is None
    report = await seal(past, archive)
    # BANK's events of October lie before one of September: they leave with it.
    assert report.held is not None
    assert not report.held.fault
    assert report.held.partition == "cc_audit_log_y2025m09"
    assert "stand before older ones" in report.held.reason
    assert (await verify(past)).broken is None


async def test_a_straggler_leaves_with_its_month(past: Past, archive: Path) -> None:
    chain = type(SHOP)(int=9)
    await past.events(
        ["2025-09-30T23:59:58", "2025-10-01T00:00:01", "2025-09-30T23:59:59", "2025-10-03"], chain
    )
    report = await seal(past, archive)
    assert report.held is None
    found = await verify(past)
    assert found.broken is None
    assert found.starts[chain].sequence == 3
    rows = await past.execute("SELECT sequence FROM cc_audit_log WHERE chain = :c", c=chain)
    assert rows == [4]
    files = [archive / each.file for each in report.sealed]
    assert verify_files(files).heads[chain].sequence == 3


async def test_an_event_of_a_wrong_clock_holds_its_month_back(past: Past, archive: Path) -> None:
    await past.events(["2026-11-20", "2025-08-15", "2026-11-21"], SHOP)
    report = await seal(past, archive)
    assert report.held is not None
    assert report.held.partition == "cc_audit_log_y2025m08"
    assert not report.held.fault
    assert len(await past.partitions()) == 5
    assert (await verify(past)).broken is None
    assert names(archive) == []


async def test_looking_first_changes_nothing(past: Past, archive: Path) -> None:
    retention = Retention(past.database, past.clock, 13, archive)
    report = await retention.run(dry_run=True)
    assert report.due == ("cc_audit_log_y2025m08", "cc_audit_log_y2025m09")
    assert report.cutoff == day("2025-10-01")
    assert names(archive.parent) == []
    assert len(await past.partitions()) == 5


async def test_writers_go_on_while_a_month_leaves(past: Past, archive: Path) -> None:
    async with past.database.connect() as reader:
        # A long read of the log holds the month; its removal gives up, and all stays.
        await reader.exec_driver_sql("SELECT count(*) FROM cc_audit_log")
        report = await seal(past, archive)
        assert report.held is not None
        assert "somebody else" in report.held.reason
        assert not report.failed
        await past.event("2026-11-23")
    assert len((await seal(past, archive)).sealed) == 2
    assert (await verify(past)).broken is None


async def test_a_month_waits_for_who_reads_the_log(past: Past, archive: Path) -> None:
    retention = Retention(past.database, past.clock, 13, archive, tries=100, pause=0.1)
    async with past.database.connect() as reader:
        await reader.exec_driver_sql("SELECT count(*) FROM cc_audit_log")
        sealing = asyncio.create_task(retention.run())
        await asyncio.sleep(2)
        assert not sealing.done()
        await past.event("2026-11-23")
    assert len((await sealing).sealed) == 2
    assert (await verify(past)).broken is None


async def test_two_at_once_seal_each_month_once(past: Past, archive: Path) -> None:
    reports = await asyncio.gather(seal(past, archive), seal(past, archive))
    months = sorted(each.month for report in reports for each in report.sealed)
    assert months in (["2025-08"], ["2025-08", "2025-09"])
    assert not any(report.failed for report in reports)
    await seal(past, archive)
    assert len(await past.partitions()) == 3
    found = await verify(past)
    assert found.broken is None
    assert verify_files([archive / each.file for each in found.sealed]).broken is None


async def test_what_is_written_to_a_month_after_its_export_keeps_it(
    past: Past, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = Retention._checked

    async def and_then_a_late_event(self: Retention, *given: Any) -> Any:
        result = await checked(self, *given)
        await past.event("2025-08-20", UUID(int=11))
        return result

    monkeypatch.setattr(Retention, "_checked", and_then_a_late_event)
    report = await seal(past, archive)
    assert report.held is not None
    assert report.held.reason == "it was changed while it was exported"
    assert len(await past.partitions()) == 5
    monkeypatch.undo()
    assert len((await seal(past, archive)).sealed) == 2
    assert (await verify(past)).broken is None


def test_months_are_counted_over_years() -> None:
    assert months_before(day("2026-11-23T12:00:00"), 13) == day("2025-10-01")
    assert months_before(day("2026-01-31"), 1) == day("2025-12-01")
    assert months_before(day("2026-12-31"), 12) == day("2025-12-01")
    assert months_before(day("2026-12-31"), 0) == day("2026-12-01")
