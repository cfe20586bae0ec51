"""The job that takes old months out of the log."""

import msgspec

from central_config.audit.service.retention import SEALING_JOB, Retention, RetentionReport
from central_config.core.jobs.model import JobContext, JobFailedError, JobKind
from central_config.core.json import JSON, as_object


async def _retention(context: JobContext) -> JSON:
    report = await Retention.of(context.database, context.settings, context.clock).run(
        progress=context.progress
    )
    held = report.held
    if held is not None and held.fault:
        raise JobFailedError(f"{held.partition} stays in the database: {held.reason}")
    return summary(report)


def summary(report: RetentionReport) -> JSON:
    """Return the report as it is kept with the job."""
    return {
        "due": [*report.due],
        "sealed": [
            {"month": seal.month, "events": seal.events, "file": seal.file}
            for seal in report.sealed
        ],
        "held": None if report.held is None else as_object(msgspec.to_builtins(report.held)),
        "note": report.note,
    }


# A month of a busy year takes minutes; one that was done is not done again.
KINDS = (JobKind(SEALING_JOB, _retention, retries=1, limit=6 * 3600),)
