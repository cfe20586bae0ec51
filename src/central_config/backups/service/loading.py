"""Putting a portable backup into an empty database, which takes no part in anything yet."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

from central_config.backups.model.container import BackupBrokenError
from central_config.backups.model.errors import BackupFailedError
from central_config.backups.model.manifest import Facts, Manifest
from central_config.backups.service.portable import Portable
from central_config.backups.service.programs import Running, programs_for, running
from central_config.backups.store.facts import moment_of

# Made by a superuser where they are, and ours does not need them.
_LEFT_OUT = (" EXTENSION ", " COMMENT - EXTENSION ")


def address_of(url: str, database: str) -> str:
    """Return the address of another database of the same server."""
    return urlsplit(url)._replace(path=f"/{quote(database)}").geturl()


async def load(portable: Portable, manifest: Manifest, url: str, *, grants: bool) -> Facts:
    """Restore a backup into the empty database at `url`; return what that holds then.

    Args:
        portable: where the backup is.
        manifest: the backup's, checked: the dump comes from the file it is of.
        url: the database, as the role that is to own everything.
        grants: whether what other roles may do is restored too.

    Raises:
        BackupBrokenError: the backup is not what was written.
        BackupFailedError: `pg_restore` failed, or what came out is not what was backed up.
        BackupRefusedError: no fitting `pg_restore`.
    """
    written_by = int(manifest.programs["pg_dump"].partition(".")[0])
    facts = _facts(manifest)
    programs = programs_for(portable.settings, facts.server, written_by)
    restore = programs.directory / "pg_restore"
    with tempfile.NamedTemporaryFile("w", prefix="central-config-", suffix=".list") as chosen:
        arguments = ["--exit-on-error", "--no-owner", "--single-transaction"]
        if not grants:
            arguments.append("--no-privileges")
        if facts.extensions:
            chosen.write("\n".join(await _contents(portable, manifest.label, restore)))
            chosen.flush()
            arguments.append(f"--use-list={chosen.name}")
        async with running(restore, arguments, url, takes_input=True) as process:
            await _feed(process, portable.plain(manifest.label))
            await process.finish()
    async with moment_of(url) as moment:
        return await moment.facts()


def differences(manifest: Manifest, found: Facts) -> list[str]:
    """Return in words what was restored otherwise than it was backed up; nothing is well."""
    facts = _facts(manifest)
    told: list[str] = []
    for workspace, revision in facts.heads.items():
        if found.heads.get(workspace) != revision:
            told.append(f"workspace {workspace} is at {found.heads.get(workspace)}, not {revision}")
    told += [f"workspace {each} was not there" for each in found.heads.keys() - facts.heads.keys()]
    for table in sorted(facts.counts.keys() | found.counts.keys()):
        before, now = facts.counts.get(table), found.counts.get(table)
        if before != now:
            told.append(f"{table} has {now} rows, not {before}")
    if facts.chains != found.chains:
        told.append("the audit chains end elsewhere")
    if facts.schema != found.schema:
        told.append(f"the schema is at {found.schema}, not {facts.schema}")
    return told


def _facts(manifest: Manifest) -> Facts:
    if manifest.facts is None:
        raise BackupFailedError(f"{manifest.label} is no backup of a database")
    return manifest.facts


async def _feed(process: Running, chunks: Iterator[bytes]) -> None:
    """Hand a program a backup; how it fares with it, it says at its end."""
    wanted = True
    async for chunk in _chunks(chunks):
        # Read on to the end: only there it is known that nothing was cut off.
        wanted = wanted and await process.write(chunk)


async def _contents(portable: Portable, label: str, restore: Path) -> list[str]:
    """Return the dump's table of contents without what is left out."""
    lines = await _listing(portable.plain(label), restore)
    return [
        line
        for line in lines
        if line.startswith(";") or not any(each in line for each in _LEFT_OUT)
    ]


async def _listing(chunks: Iterator[bytes], restore: Path) -> list[str]:
    process = await asyncio.create_subprocess_exec(
        str(restore),
        "--list",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None  # noqa: S101 - started with pipes
    assert process.stdout is not None  # noqa: S101
    reading = asyncio.create_task(process.stdout.read())
    try:
        with suppress(ConnectionError):  # it has read enough
            async for chunk in _chunks(chunks):
                process.stdin.write(chunk)
                await process.stdin.drain()
        process.stdin.close()
        lines = (await reading).decode().splitlines()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()
    if not lines:
        raise BackupBrokenError("content", "pg_restore does not find a dump in it")
    return lines


async def _chunks(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk
