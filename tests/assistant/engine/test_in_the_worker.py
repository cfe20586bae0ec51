"""Jobs of one worker process share an engine: one that is dead is not asked anew by each."""

import asyncio
import os
from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

import pytest

from central_config.access.model import PERMISSIONS, Caller, Principal, WorkspaceRef
from central_config.api.services import Services
from central_config.assistant.model.reviews.review import Review
from central_config.assistant.service.engine.breaker import FAILURES
from central_config.assistant.service.engine.lasting import LastingEngine
from central_config.assistant.service.reviewing import WORD_REVIEW, Reviewing
from central_config.assistant.tasks import reviews
from central_config.configurations.service.changing import Changing
from central_config.configurations.service.edits import Wish
from central_config.configurations.service.topologies import Environments
from central_config.core.ids import new_id
from central_config.core.jobs import store as jobs
from central_config.core.settings import Settings
from central_config.worker.places import LongPlaces
from central_config.worker.running import run_job
from central_config.worker.workshop import Workshop
from central_config.workspaces.model import Environment
from central_config.workspaces.service import WorkspaceService
from tests.assistant.engine.conftest import MODEL
from tests.support.ollama import Canned, Fault, Ollama, serving

pytestmark = pytest.mark.anyio

WORDS = '{"explanation": "TLS is off.", "verdict": "critical"}'


@pytest.fixture
def ollama() -> Iterator[Ollama]:
    with serving({MODEL: Canned(WORDS)}) as served:
        yield served


class Child(NamedTuple):
    """What a child of the worker has of its parent: a stop sign, not raised, and its places."""

    stop_sign: int
    places: LongPlaces


@pytest.fixture
def child() -> Iterator[Child]:
    ends, places = os.pipe(), LongPlaces(2)
    yield Child(ends[0], places)
    places._file.close()
    for each in ends:
        os.close(each)


class Bank(NamedTuple):
    """A draft that turns something off, and who has its review worded."""

    services: Services
    caller: Caller
    change: UUID
    child: Child

    @classmethod
    async def opened(cls, services: Services, child: Child) -> "Bank":
        principal = Principal("user", new_id(), "ada", {None: frozenset(PERMISSIONS)})
        slug = f"w{new_id().hex[-12:]}"
        caller = Caller(principal, principal.actor(), WorkspaceRef(new_id(), slug))
        made = await services.by_type[WorkspaceService].create(caller, slug, "", "")
        caller = Caller(principal, principal.actor(), WorkspaceRef(made.id, slug))
        prod = Environment(new_id(), "prod", None, requires_approval=False)
        await services.by_type[Environments].create(caller, prod, None)
        wish = Wish("prod", "db/tls", "set", value=False)
        draft = await services.by_type[Changing].draft(caller, [wish], "m", None)
        return cls(services, caller, draft.id, child)

    async def worded(self) -> Review:
        """Have the review worded, by a job as a worker's child runs it."""
        reviewing = self.services.by_type[Reviewing]
        await reviewing.explain(self.caller, self.change)
        async with self.services.database.connect() as connection:
            (job,) = await jobs.page(connection, {"kind": WORD_REVIEW}, None, 1)
        run = run_job(job.id, self.services.settings, Workshop(), *self.child)
        await asyncio.to_thread(asyncio.run, run)
        return await reviewing.review(self.caller, self.change)


async def test_a_dead_engine_is_left_alone(
    settings: Settings, ollama: Ollama, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three jobs fail on it; the fourth says so and asks nobody, until it is asked again."""
    monkeypatch.setattr(reviews, "_ENGINE", LastingEngine())
    told = {"ai_enabled": True, "ollama_base_url": ollama.url, "ai_model": MODEL}
    services = Services(settings.model_copy(update=told))
    try:
        bank = await Bank.opened(services, child)
        ollama.fault = Fault.DOWN
        for _ in range(FAILURES):
            wording = (await bank.worded()).wording
            assert wording is not None
            assert wording.reason == "the AI engine answered 500"
        asked = len(ollama.asked)
        wording = (await bank.worded()).wording
        assert wording is not None
        assert "it is asked again in" in str(wording.reason)
        assert len(ollama.asked) == asked
    finally:
        await services.stop()


async def test_each_job_has_connections_of_its_own(
    settings: Settings, ollama: Ollama, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One event loop after the other; what the engine said of its models holds."""
    monkeypatch.setattr(reviews, "_ENGINE", LastingEngine())
    told = {"ai_enabled": True, "ollama_base_url": ollama.url, "ai_model": MODEL}
    services = Services(settings.model_copy(update=told))
    try:
        for _ in range(3):
            wording = (await (await Bank.opened(services, child)).worded()).wording
            assert wording is not None
            assert wording.status == "ready", wording.reason
    finally:
        await services.stop()
    assert [path for path, _ in ollama.asked].count("/api/tags") == 1
    assert len(ollama.chats()) == 3
