"""The commands as an operator types them: what they print, and how they end."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from central_config.backups.service.portable import Portable
from central_config.core.settings import Settings
from tests.backups.conftest import PASSPHRASE, name_of, runs
from tests.support.api import MASTER_KEY

# Runs command lines one after the other and tells what each printed; one process, for to start
# one takes longer than what it does.
_DRIVER = """
import contextlib, io, json, os, sys
from central_config.cli.main import main
from central_config.core.settings import get_settings
for words, changes in json.loads(sys.argv[1]):
    before = dict(os.environ)
    os.environ.update(changes)
    get_settings.cache_clear()
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    os.environ.clear()
    os.environ.update(before)
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""

Words = Sequence[str]
Run = Callable[..., list["Done"]]


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(backed_up: Settings, tmp_path: Path) -> Run:
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": backed_up.require_database_url(),
        "MASTER_KEY": MASTER_KEY,
        "DATA_DIR": str(tmp_path / "nowhere"),
        "BACKUP_REPOSITORY": str(backed_up.backup_repository),
        "BACKUP_PASSPHRASE": PASSPHRASE,
    }

    def call(*lines: Words, **changes: str) -> list[Done]:
        told = json.dumps([[list(words), changes] for words in lines])
        done = subprocess.run(
            [sys.executable, "-c", _DRIVER, told],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert done.returncode == 0, done.stderr
        return [Done(*json.loads(line)) for line in done.stdout.splitlines()]

    return call


@pytest.mark.timeout(120)
def test_from_backup_to_restore_and_back(run: Run, backed_up: Settings) -> None:
    name = name_of(backed_up)
    sure = ["--apply", "--confirm", name, "--reason", "a test"]
    created, drilled, listed, pruned, planned, unsure, restored, undone = run(
        ["backup", "create", "-o", "json"],
        ["backup", "drill", "--on", "throwaway", "-o", "json"],
        ["backup", "list"],
        ["backup", "prune"],
        ["restore"],
        ["restore", "--apply", "--confirm", "other", "--reason", "x"],
        ["restore", *sure],
        ["restore", "--undo", *sure],
    )
    assert (created.code, drilled.code) == (0, 0), created.err + drilled.out + drilled.err
    label = json.loads(created.out)["label"]
    assert [each["ok"] for each in json.loads(drilled.out)["checks"]] == [True] * 5
    assert label in listed.out
    assert "never" not in listed.out
    assert pruned.out == "nothing to delete\n"
    assert (planned.code, unsure.code) == (0, 2)
    assert f"--apply --confirm {name} --reason" in planned.out
    assert f"--confirm {name}" in unsure.err
    assert (restored.code, undone.code) == (0, 0), restored.err + undone.err
    assert "is kept as" in restored.out
    assert "restore --undo --apply" in restored.out
    assert f"{name} is restored" in undone.out


@pytest.mark.timeout(120)
def test_a_broken_backup_fails_everywhere(run: Run, portable: Portable) -> None:
    place = portable.files.path(asyncio.run(portable.create()).label)
    place.write_bytes(place.read_bytes()[:-30])
    verified, drilled = run(["backup", "verify"], ["backup", "drill", "--on", "server"])
    assert (verified.code, drilled.code) == (1, 1)
    assert "truncated" in verified.err
    assert "FAULT  whole: it is truncated" in drilled.out
    assert "CANNOT BE RELIED ON" in drilled.out
    (noted,) = asyncio.run(runs(portable.settings))
    assert (noted.action, noted.outcome) == ("drill", "failed")
    assert "truncated" in str(noted.error)


@pytest.mark.timeout(120)
def test_what_is_missing_is_said(run: Run, tmp_path: Path) -> None:
    created, verified = run(
        ["backup", "create"],
        ["backup", "verify", "nothing"],
        DATABASE_URL="postgresql://127.0.0.1:1/away",
    )
    assert (created.code, verified.code) == (3, 2)
    assert "the database does not answer" in created.err
    assert "there is no backup nothing" in verified.err
    made, listed, physical = run(
        ["backup", "create"],
        ["backup", "list"],
        ["backup", "create", "full"],
        BACKUP_PASSPHRASE="",
    )
    assert (made.code, listed.code, physical.code) == (2, 0, 2)
    assert "BACKUP_PASSPHRASE is not set" in made.err
    assert "where `serve` runs" in physical.err
    assert not (tmp_path / "nowhere").exists()
