"""Portable backups: what is refused and in which words, and that only a drill is a proof."""

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest

from central_config.backups.model import Backup
from central_config.backups.model.container import HEADER_BYTES, BackupBrokenError
from central_config.backups.model.drills import Drill
from central_config.backups.model.errors import BackupFailedError, BackupRefusedError
from central_config.backups.model.retention import Keep, superfluous
from central_config.backups.service.configuration import ConfigurationBackups
from central_config.backups.service.portable import Portable
from central_config.backups.service.proving import Proving, scratch_database
from central_config.backups.service.restoring import Restoring
from central_config.core.clock import SystemClock
from central_config.core.db import connect_arguments
from central_config.core.settings import Settings
from tests.backups.conftest import PASSPHRASE


@pytest.fixture
def label(portable: Portable) -> str:
    return asyncio.run(portable.create()).label


def drilled(portable: Portable, label: str) -> Drill:
    async def drill() -> Drill:
        async with scratch_database(portable) as url:
            return await Proving(portable, label).run(url)

    return asyncio.run(drill())


def with_settings(portable: Portable, **changes: object) -> Portable:
    given = {**portable.settings.model_dump(exclude_unset=True), **changes}
    return Portable(Settings(**given), SystemClock())


def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]


def exchanged(data: bytes) -> bytes:
    """Swap the first chunk with the end mark, each whole."""
    length = int.from_bytes(data[HEADER_BYTES + 5 : HEADER_BYTES + 9])
    border = HEADER_BYTES + 9 + length
    return data[:HEADER_BYTES] + data[border:] + data[HEADER_BYTES:border]


@pytest.mark.parametrize(
    ("damage", "words"),
    [(cut, "truncated"), (flipped, "changed or damaged"), (exchanged, "out of order")],
)
def test_damage_is_refused_by_all(
    portable: Portable, label: str, damage: Callable[[bytes], bytes], words: str
) -> None:
    place = portable.files.path(label)
    place.write_bytes(damage(place.read_bytes()))
    with pytest.raises(BackupBrokenError, match=words):
        portable.verify(label)
    found = drilled(portable, label)
    assert not found.ok
    assert [words in each.words for each in found.checks] == [True]
    restoring = Restoring(portable.settings, SystemClock())
    with pytest.raises(BackupBrokenError, match=words):
        asyncio.run(restoring.restore(portable, label))


def test_another_passphrase_is_refused_by_all(portable: Portable, label: str) -> None:
    other = with_settings(portable, backup_passphrase=PASSPHRASE[::-1])
    with pytest.raises(BackupBrokenError, match="another passphrase"):
        other.verify(label)
    assert "another passphrase" in drilled(other, label).checks[0].words
    with pytest.raises(BackupBrokenError, match="another passphrase"):
        asyncio.run(Restoring(other.settings, SystemClock()).restore(other, label))
    assert [each.label for each in other.list()] == [label]


def test_a_changed_manifest_is_refused(portable: Portable, label: str) -> None:
    place = portable.files.path(label).with_name(f"{label}.json")
    data = place.read_bytes()
    place.write_bytes(data.replace(b'"cc_user":', b'"cc_uzer":'))
    with pytest.raises(BackupBrokenError, match="manifest was changed"):
        portable.verify(label)
    place.unlink()
    assert portable.strays() == [label]
    with pytest.raises(BackupBrokenError, match="manifest is gone"):
        portable.verify(label)


def test_a_drill_is_the_proof(portable: Portable, label: str) -> None:
    portable.verify(label)
    assert portable.list()[0].detail["drill_passed"] is None
    found = drilled(portable, label)
    assert found.ok, found.checks
    assert [each.name for each in found.checks] == [
        *("whole", "restored", "content", "audit log", "secrets")
    ]
    assert portable.list()[0].detail["drill_passed"] is True
    # Of this very file, not of another that took its name.
    (backup,) = portable.list()
    place = portable.files.path(label).with_name(f"{label}.drilled.json")
    place.write_bytes(place.read_bytes().replace(str(backup.detail["sha256"]).encode(), b"0" * 64))
    assert portable.list()[0].detail["drill_passed"] is None


def test_a_drill_sees_what_is_missing(
    portable: Portable, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest that says more than the dump holds: what a dump without a snapshot would do."""
    manifest = portable.verify(label)
    assert manifest.facts is not None
    counts = {**manifest.facts.counts, "cc_user": 7}
    facts = msgspec.structs.replace(manifest.facts, counts=counts)
    told = msgspec.structs.replace(manifest, facts=facts)
    monkeypatch.setattr(portable, "verify", lambda _label: told)
    found = drilled(portable, label)
    assert [each.words for each in found.checks if not each.ok] == ["cc_user has 0 rows, not 7"]


def test_the_heads_are_those_of_the_dump(portable: Portable, database_url: str) -> None:
    """Rows come in all the while; manifest and dump are of one moment."""

    async def write(stop: asyncio.Event) -> int:
        connection = await asyncpg.connect(**connect_arguments(database_url))
        written = 0
        try:
            while not stop.is_set():
                statement = "INSERT INTO roles (id, name) VALUES (gen_random_uuid(), $1)"
                await connection.execute(statement, f"role {written}")
                written += 1
        finally:
            await connection.close()
        return written

    async def back_up() -> tuple[Backup, int]:
        stop = asyncio.Event()
        writing = asyncio.create_task(write(stop))
        await asyncio.sleep(0.1)
        try:
            backup = await portable.create()
        finally:
            stop.set()
        return backup, await writing

    backup, written = asyncio.run(back_up())
    facts = portable.verify(backup.label).facts
    assert facts is not None
    assert 0 < facts.counts["roles"] < written
    assert drilled(portable, backup.label).ok


def program(place: Path, name: str, text: str) -> None:
    (place / name).write_text(f"#!/bin/sh\n{text}\n")
    (place / name).chmod(0o755)


def test_a_missing_or_old_pg_dump_is_said(portable: Portable, tmp_path: Path) -> None:
    place = tmp_path / "bin"
    place.mkdir()
    other = with_settings(portable, postgres_bin=place)
    with pytest.raises(BackupRefusedError, match=f"no pg_dump .* in POSTGRES_BIN={place}"):
        asyncio.run(other.create())
    for name in ("pg_dump", "pg_restore"):
        program(place, name, f'echo "{name} (PostgreSQL) 14.2 (Debian 14.2-1)"')
    with pytest.raises(BackupRefusedError, match=r"14\.2 in .* are too old: version \d+ is needed"):
        asyncio.run(other.create())
    assert other.list() == []


def test_a_pg_dump_that_fails_leaves_nothing(portable: Portable, tmp_path: Path) -> None:
    """Also when it has written something before: no pipe hides how it ended."""
    place = tmp_path / "bin"
    place.mkdir()
    for name in ("pg_dump", "pg_restore"):
        version = f'[ "$1" = --version ] && echo "{name} (PostgreSQL) 99.0" && exit 0'
        program(
            place, name, f"{version}\nhead -c 3000000 /dev/zero; echo 'disk on fire' >&2; exit 1"
        )
    other = with_settings(portable, postgres_bin=place)
    with pytest.raises(BackupFailedError, match="pg_dump failed: disk on fire"):
        asyncio.run(other.create())
    assert list(portable.files.path("x").parent.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], check=False)
    if made.returncode != 0:
        pytest.skip("no small disk can be made here")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")
def test_a_full_disk_leaves_no_half_file(portable: Portable, small_disk: Path) -> None:
    other = with_settings(portable, backup_repository=str(small_disk))
    with pytest.raises(BackupFailedError, match="No space left on device"):
        asyncio.run(other.create())
    assert other.files.labels() == []
    assert list((small_disk / "portable").iterdir()) == []


def test_a_backup_is_private(portable: Portable, label: str) -> None:
    place = portable.files.path(label)
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700
    assert b"PGDMP" not in place.read_bytes()


@pytest.mark.parametrize("name", ["../escape", "", ".hidden", "a/b"])
def test_a_label_is_no_path(portable: Portable, name: str) -> None:
    with pytest.raises(BackupRefusedError, match="no label"):
        portable.verify(name)


def test_what_cannot_be_a_repository_is_refused(portable: Portable, tmp_path: Path) -> None:
    with pytest.raises(BackupRefusedError, match="need a directory"):
        with_settings(
            portable,
            backup_repository="s3://bucket/place",
            backup_s3_key="key",
            backup_s3_secret="secret",
        )
    far = with_settings(portable, backup_repository=str(tmp_path / "not" / "mounted"))
    with pytest.raises(BackupRefusedError, match="No such file or directory"):
        asyncio.run(far.create())


def test_the_configuration_opens(portable: Portable, tmp_path: Path) -> None:
    backups = ConfigurationBackups(portable)
    made = asyncio.run(backups.create())
    assert (made.kind, made.method, made.encrypted) == ("configuration", "portable", True)
    names = backups.open(made.label, tmp_path / "closed", with_key=False)
    assert names == ["README.txt", "master.key.sealed", "settings.json"]
    text = "".join((tmp_path / "closed" / each).read_bytes().decode("latin-1") for each in names)
    for secret in (portable.settings.master_key, portable.settings.backup_passphrase):
        assert secret is not None
        assert secret.get_secret_value() not in text
    backups.open(made.label, tmp_path / "clear", with_key=True)
    key = (tmp_path / "clear" / "master.key").read_text().strip()
    assert portable.settings.master_key is not None
    assert key == portable.settings.master_key.get_secret_value()
    with pytest.raises(BackupRefusedError, match="there already"):
        backups.open(made.label, tmp_path / "clear", with_key=True)


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def made(days: float, **detail: object) -> Backup:
    moment = NOON - timedelta(days=days)
    return Backup(
        label=f"{days}",
        method="portable",
        kind="export",
        started_at=moment,
        finished_at=moment,
        size_bytes=1,
        location="",
        encrypted=True,
        detail=detail,
    )


def test_what_is_kept() -> None:
    backups = [made(days) for days in range(800)]
    kept = {each.label for each in backups} - {each.label for each in superfluous(backups, Keep())}
    assert kept >= {str(days) for days in range(7)}
    assert len(kept) == 7 + 3 + 11  # two weeks' and one month's newest are among the last days
    twice = [made(0), made(0.1), made(1)]
    assert [each.label for each in superfluous(twice, Keep())] == ["0.1"]


def test_the_only_proven_backup_stays() -> None:
    backups = [made(0), made(1), made(900, drill_passed=True), made(901, drill_passed=True)]
    nothing = Keep(0, 0, 0)
    assert [each.label for each in superfluous(backups, nothing)] == ["901", "1"]
    assert superfluous([made(5)], nothing) == []
