"""A real model of 1.5 billion parameters writes plans: on demand (`make model-test`)."""

from collections.abc import Iterator

import pytest

from central_config.assistant.model.planning.checking import check
from central_config.assistant.service.engine.ollama import OllamaEngine
from central_config.assistant.service.planning import Planner
from tests.assistant.planning.tenant import NOW, vocabulary
from tests.support.models import MEDIUM, MissingError, running

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(900)]

# A processor shared with whatever else runs is no reason to fail (seconds).
PATIENT = {"plan": 200.0, "explain": 200.0, "review": 200.0, "advice": 200.0}
# What is asked, and the intent, the environments and a word of the plan that comes of it.
ASKED = (
    ("has anybody fiddled with the gateway stuff since Monday?", "changes", (), "gateway"),
    ("do the caches of staging stray from live?", "compare", ("staging", "prod"), "cach"),
    ("how come the shards are what they are on prod?", "explain", ("prod",), "shards"),
    ("what leftovers can I stop worrying about in dev?", "stale", ("dev",), ""),
    ("tell me which passwords the payments folks keep in prod", "find", ("prod",), "password"),
    ("crank up the burst of the gateway", "unsupported", (), ""),
)  # fmt: skip


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    try:
        with running(MEDIUM, threads=1) as url:
            yield url
    except MissingError as missing:
        pytest.skip(str(missing))


async def test_plans_of_a_small_model_come_out_right(address: str) -> None:
    engine = OllamaEngine(address, MEDIUM.name, limits=PATIENT)
    planner, tenant, wrong = Planner(engine), vocabulary(), list[str]()
    for question, intent, environments, word in ASKED:
        written = await planner.plan(question, tenant, NOW)
        plan, _ = check(written, question, tenant, NOW)
        about = " ".join((plan.key or "", plan.prefix or "", *plan.words))
        if (plan.intent, plan.environments) != (intent, environments) or word not in about:
            wrong.append(f"{question} -> {plan}")
    await engine.close()
    assert len(wrong) <= 1, wrong
