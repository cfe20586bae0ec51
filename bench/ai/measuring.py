"""Asks every question of a set of every tier, in a company of its own."""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from bench import machine
from bench.ai.engine import Model
from bench.ai.figures import Figures, TierFigures, percentile, tier_figures
from bench.ai.place import Place, company_at
from bench.ai.questions import Question, read
from bench.ai.running import Runner
from bench.ai.scoring import Scored, score
from bench.ai.tiers import Cascade, ParserAlone, Tier, enlarged
from central_config.assistant.service.asking import Asking
from central_config.configurations.service.proposals import Proposals
from central_config.core.clock import SystemClock, rfc3339

LARGE = 10_000  # keys of the company in which the parser's time is measured
# The set whose questions may be quoted to those who work on the assistant.
_OPEN = "dev"
_TO_THE_MINUTE = 16
_TOLD = 50  # questions between two words of progress

Watch = Callable[[Scored], None]


async def measure(place: Path, url: str, model: Model | None, watch: Watch) -> Figures:
    """Return the figures of a set; `watch` is told of each answer."""
    questions = read(place)
    load = os.getloadavg()[0]
    settings = {} if model is None else {"ollama_base_url": model.url, "ai_model": model.name}
    async with company_at(url, **settings) as company:
        before = await _written(company)
        runner = Runner(company.executing, company.loaded.asker, company.loaded.now)
        tiers: dict[str, TierFigures] = {}
        async for tier in _tiers(company, model):
            scored: list[Scored] = []
            for question in questions:
                scored.append(await score(question, await tier.ask(question), runner))
                watch(scored[-1])
                if len(scored) % _TOLD == 0:
                    print(f"{tier.name}: {len(scored)} of {len(questions)}", flush=True)
            tiers[tier.name] = tier_figures(tier.name, scored, quote=place.stem == _OPEN)
        return Figures(
            set=place.stem,
            at=rfc3339(SystemClock().now())[:_TO_THE_MINUTE] + "Z",
            machine=machine.description(),
            load=load,
            questions=len(questions),
            model=None if model is None else model.name,
            tiers=tiers,
            p95_large=await _p95_large(questions, company),
            written=await _written(company) - before,
        )


async def _tiers(company: Place, model: Model | None) -> AsyncIterator[Tier]:
    loaded = company.loaded
    yield ParserAlone(await company.vocabularies.of(loaded.asker), loaded.now)
    if model is not None:
        cascade = Cascade(company.services.by_type[Asking], loaded.asker)
        await cascade.warm()
        yield cascade


async def _p95_large(questions: Sequence[Question], company: Place) -> float:
    """Return the parser's 95th percentile in a large company (milliseconds).

    Each question is asked three times and the fastest counts: others who use the machine must not.
    """
    large = enlarged(await company.vocabularies.of(company.loaded.asker), LARGE)
    parser = ParserAlone(large, company.loaded.now)
    await parser.ask(questions[0])  # makes the index of the keys, once for a vocabulary
    times = [min([(await parser.ask(each)).seconds for _ in range(3)]) for each in questions]
    return percentile(times, 95) * 1000


async def _written(company: Place) -> int:
    """Return how many revisions and changes there are: asking must not make more."""
    asker = company.loaded.asker
    state = await company.services.snapshots.fresh(asker.place.id)
    changes = await company.services.by_type[Proposals].page(asker, {}, None, 1000)
    return state.revision + len(changes)
