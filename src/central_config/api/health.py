"""Whether the process lives, and whether it should get requests.

Ready means: the database answers, its schema is ours, and what this replica serves was confirmed
lately. AI, Redis and the queue never make a replica unready: reads and writes go on without them.
"""

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from sqlalchemy import text

from central_config import __version__
from central_config.access.model import PUBLIC, Caller
from central_config.api.services import Services
from central_config.core.problems import Problem
from central_config.core.web import requires

router = APIRouter(tags=["health"])

Anyone = Annotated[Caller, requires(PUBLIC)]

# Seconds a database may take to answer a probe.
PATIENCE = 2.0
# A replica that could not look for revisions this long should not get requests (seconds).
STALE_AFTER = 30.0


class Check(BaseModel):
    """One thing that was looked at."""

    ok: bool
    detail: str


class Health(BaseModel):
    """The state of this replica."""

    status: str
    version: str
    checks: dict[str, Check]


@router.get("/health/live")
async def live(caller: Anyone) -> dict[str, str]:
    """Answer as long as the process can answer anything."""
    del caller
    return {"status": "alive"}


@router.get("/health/ready")
async def ready(request: Request, caller: Anyone) -> Health:
    """Answer 200 when this replica should get requests, else 503."""
    found = await _look(request.app.state.parts)
    del caller
    failed = [f"{name}: {check.detail}" for name, check in found.checks.items() if not check.ok]
    if failed:
        raise Problem("not-ready", "; ".join(failed), retry_after=1)
    return found


@router.get("/health")
async def health(request: Request, response: Response, caller: Anyone) -> Health:
    """Show what was looked at; 503 when this replica is not ready."""
    del caller
    found = await _look(request.app.state.parts)
    if not all(check.ok for check in found.checks.values()):
        found.status = "unavailable"
        response.status_code = 503
    return found


async def _look(parts: Services) -> Health:
    checks = {"database": await _database(parts), "snapshots": _snapshots(parts)}
    return Health(status="ready", version=__version__, checks=checks)


async def _database(parts: Services) -> Check:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(PATIENCE), parts.database.connect() as connection:
            await connection.execute(text("SELECT revision FROM cc_workspace LIMIT 1"))
    except Exception as error:  # noqa: BLE001 - whatever it is, the database did not answer
        return Check(ok=False, detail=f"no answer ({type(error).__name__})")
    return Check(ok=True, detail=f"{(time.perf_counter() - began) * 1000:.1f} ms")


def _snapshots(parts: Services) -> Check:
    age = parts.snapshots.age
    return Check(ok=age < STALE_AFTER, detail=f"confirmed {age:.1f} s ago")
