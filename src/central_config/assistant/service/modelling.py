"""Plans that a model writes: asked for on behalf of a caller, and checked against facts."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import datetime

from typing_extensions import override

from central_config.access.model import Caller
from central_config.assistant.model.language.vocabulary import Vocabulary
from central_config.assistant.model.planning.checking import check
from central_config.assistant.model.planning.meaning import Meanings
from central_config.assistant.model.plans import Plan
from central_config.assistant.service.asking import Planners
from central_config.assistant.service.engine import Engine, Reply, Request
from central_config.assistant.service.engine.calls import Calls
from central_config.assistant.service.planning import Planner

# Whose question is being planned: the planner and its indexes are everybody's.
_asker: ContextVar[Caller] = ContextVar("asker")


class _OnBehalf(Engine):
    """The engine of this process, asked by whoever's question it is; the audit log has who."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    @override
    async def ask(self, request: Request) -> Reply:
        return await self._calls.ask(_asker.get(), request)


class ModelPlanners(Planners):
    """Has the engine of this process write plans."""

    def __init__(self, calls: Calls) -> None:
        self._planner = Planner(_OnBehalf(calls))

    def learn(self, meanings: Meanings) -> None:
        """From now on find keys by what words mean, too."""
        self._planner.learn(meanings)

    @override
    async def plan(
        self,
        caller: Caller,
        question: str,
        vocabulary: Vocabulary,
        now: datetime,
        environment: str | None,
    ) -> tuple[Plan, Sequence[str]]:
        _asker.set(caller)
        plan = await self._planner.plan(question, vocabulary, now, environment)
        # Like parsing, it takes its time where there are many keys.
        return await asyncio.to_thread(check, plan, question, vocabulary, now, environment)
