"""The jobs of backups, and when they run by themselves."""

import asyncio
import json
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress

from central_config.backups.model.errors import (
    BackupFailedError,
    BackupRefusedError,
    NotPossibleHereError,
)
from central_config.backups.model.repository import S3
from central_config.backups.model.retention import Keep
from central_config.backups.service.operating import Operating
from central_config.core.jobs.model import JobContext, JobFailedError, JobKind, Schedule
from central_config.core.json import JSON, decode
from central_config.supervisor.environment import child_environment

CREATE, CONFIGURATION, DRILL = "backup.create", "backup.configuration", "backup.drill"
PHYSICAL = "backup.physical"
_DAY = 86_400
_LIMIT = 6 * 3600.0  # seconds
_RETRY_AFTER = 300.0
# What a cancelled drill has to clean up its server (seconds).
_END_WITHIN = 2.0


async def _create(context: JobContext) -> JSON:
    """Back up the database and delete what is no longer needed."""
    place = context.settings.backup_repository
    if not place:
        return {"skipped": "BACKUP_REPOSITORY is not set"}
    operating = Operating(context.settings, context.clock)
    with _told():
        if place.startswith(S3):
            made = await operating.create(await operating.physical.due(), context.progress)
            return {"label": made.label, "size_bytes": made.size_bytes}
        made = await operating.create("export", context.progress)
        gone = await asyncio.to_thread(operating.portable.prune, Keep())
        await operating.pruned([each.label for each in gone], "portable")
    deleted: list[JSON] = [each.label for each in gone]
    return {"label": made.label, "size_bytes": made.size_bytes, "deleted": deleted}


async def _physical(context: JobContext) -> JSON:
    """Make the physical backup that is due, where the log is archived to a directory."""
    place = context.settings.backup_repository
    if not place or place.startswith(S3):
        return {"skipped": "BACKUP_REPOSITORY is no directory"}
    operating = Operating(context.settings, context.clock)
    with _told():
        try:
            kind = await operating.physical.due()
        except NotPossibleHereError as problem:
            return {"skipped": str(problem)}
        made = await operating.create(kind, context.progress)
    return {"label": made.label, "size_bytes": made.size_bytes}


async def _configuration(context: JobContext) -> JSON:
    """Back up what stands beside the database."""
    place = context.settings.backup_repository
    if not place:
        return {"skipped": "BACKUP_REPOSITORY is not set"}
    if place.startswith(S3):
        return {"skipped": "BACKUP_REPOSITORY is no directory"}
    with _told():
        made = await Operating(context.settings, context.clock).create("configuration")
    return {"label": made.label, "size_bytes": made.size_bytes}


async def _drill(context: JobContext) -> JSON:
    """Restore the newest backup and look at it, in a process of its own.

    A throwaway server is tied to the main thread of whoever starts it, outside an event loop.
    """
    place = context.settings.backup_repository
    if not place:
        return {"skipped": "BACKUP_REPOSITORY is not set"}
    method = ["--physical"] if place.startswith(S3) else []
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "central_config", "backup", "drill", "--output", "json"),
        *method,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=child_environment(context.settings, {}),
    )
    try:
        output, said = await process.communicate()
    finally:
        await _end(process)
    if process.returncode == 0:
        return decode(output)
    with suppress(json.JSONDecodeError, TypeError, KeyError):
        faults = [each["words"] for each in json.loads(output)["checks"] if not each["ok"]]
        raise JobFailedError(f"the backup is not to be relied on: {'; '.join(faults)}")
    lines = said.decode(errors="replace").strip().splitlines()
    raise JobFailedError(lines[-1] if lines else f"exit code {process.returncode}", final=False)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_END_WITHIN):
            await process.wait()
    except TimeoutError:
        process.kill()


@contextmanager
def _told() -> Generator[None]:
    """Turn what went wrong into words that are kept with the job."""
    try:
        yield
    except BackupRefusedError as problem:
        raise JobFailedError(str(problem)) from problem
    except BackupFailedError as problem:
        raise JobFailedError(str(problem), final=False) from problem


KINDS = (
    JobKind(CREATE, _create, limit=_LIMIT, first_delay=_RETRY_AFTER),
    JobKind(CONFIGURATION, _configuration, limit=_LIMIT, first_delay=_RETRY_AFTER),
    JobKind(PHYSICAL, _physical, limit=_LIMIT, first_delay=_RETRY_AFTER),
    JobKind(DRILL, _drill, retries=1, limit=_LIMIT, first_delay=_RETRY_AFTER),
)

# Where BACKUP_REPOSITORY is not set they do nothing, and say so.
SCHEDULE = (
    Schedule(CREATE, CREATE, _DAY, first_after=60),
    Schedule(CONFIGURATION, CONFIGURATION, _DAY, first_after=120),
    Schedule(PHYSICAL, PHYSICAL, _DAY, first_after=900),
    Schedule(DRILL, DRILL, 7 * _DAY, first_after=3600),
)
