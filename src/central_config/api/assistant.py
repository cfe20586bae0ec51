"""The AI engine's part of a process; a process without AI_ENABLED has none of it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from central_config.assistant.cache.answers import Answers
from central_config.assistant.model.planning.prompts import PLAN_SYSTEM
from central_config.assistant.service.advising import AdviceTools, Advising
from central_config.assistant.service.asking import Asking
from central_config.assistant.service.embeddings import Embeddings
from central_config.assistant.service.engine.calls import Calls
from central_config.assistant.service.engine.ollama import OllamaEngine
from central_config.assistant.service.engine.warmth import Warmth
from central_config.assistant.service.executing import Executing
from central_config.assistant.service.modelling import ModelPlanners
from central_config.assistant.service.policies import Policies
from central_config.assistant.service.reviewing import Reviewing, Tools
from central_config.assistant.service.searching import Searching
from central_config.assistant.service.synonyms import Synonyms
from central_config.assistant.service.uses import Uses
from central_config.assistant.service.vocabularies import Vocabularies
from central_config.configurations.cache import Snapshots
from central_config.configurations.service.changing import Changing
from central_config.configurations.service.history import History
from central_config.configurations.service.proposals import Proposals
from central_config.configurations.service.reading import Reading
from central_config.configurations.service.rules import Rules
from central_config.core.clock import Clock
from central_config.core.db import Database
from central_config.core.jobs.queue import JobQueue
from central_config.core.settings import Settings
from central_config.secrets.service import Vault


class Ground(NamedTuple):
    """What of a process the assistant works with; `by_type` are the services of routes."""

    settings: Settings
    database: Database
    snapshots: Snapshots
    vault: Vault
    queue: JobQueue
    clock: Clock
    by_type: Mapping[type, Any]


class Assistant:
    """Answers questions and reviews; asks the model that the settings name where rules end.

    `services` are what its routes work with, by type.
    """

    def __init__(self, ground: Ground) -> None:
        self._engine = OllamaEngine.of(ground.settings)
        self._warmth = Warmth(self._engine, PLAN_SYSTEM)
        self._answers = Answers.of(ground.settings)
        calls = Calls(self._engine, ground.database, ground.clock, self._answers)
        planners = ModelPlanners(calls)
        self._embeddings = Embeddings(ground.settings.ai_embeddings, planners.learn)
        self.services: dict[type, Any] = {
            type(each): each
            for each in (calls, *_asking(ground, planners), *_reviewing(ground), _advising(ground))
        }

    def start(self) -> None:
        """Have the model warmed up and word vectors read; needs a running event loop."""
        self._warmth.start()
        self._embeddings.start()

    async def stop(self) -> None:
        """Close what is open."""
        await self._embeddings.stop()
        await self._warmth.stop()
        await self._engine.close()
        await self._answers.close()


def _asking(ground: Ground, planners: ModelPlanners) -> tuple[Any, ...]:
    reading, history = ground.by_type[Reading], ground.by_type[History]
    synonyms = Synonyms(ground.database, ground.clock)
    vocabularies = Vocabularies(ground.snapshots, history, synonyms)
    ground.snapshots.listen(vocabularies.take)
    searching = Searching(ground.snapshots, reading, history, ground.by_type[Uses])
    executing = Executing(reading, history, searching)
    asking = Asking(vocabularies, planners, executing, ground.clock)
    return asking, synonyms


def _reviewing(ground: Ground) -> tuple[Any, ...]:
    tools = Tools(
        ground.database,
        ground.snapshots,
        ground.by_type[Changing],
        ground.by_type[History],
        ground.by_type[Rules],
        ground.queue,
        ground.vault,
        ground.clock,
    )
    return Reviewing(tools), Policies(ground.database, ground.clock)


def _advising(ground: Ground) -> Advising:
    tools = AdviceTools(
        ground.database,
        ground.snapshots,
        ground.by_type[Changing],
        ground.by_type[Proposals],
        ground.queue,
        ground.clock,
    )
    return Advising(tools, ground.by_type[Uses])
