"""Questions in plain words."""

from typing import Annotated

from fastapi import APIRouter

from central_config.access.model import Caller
from central_config.assistant.routes.switch import ONLY_IF_ENABLED
from central_config.assistant.service.asking import Asking
from central_config.assistant.wire.ask import AnswerOut, PlanIn, Question
from central_config.core.web import provided, requires

router = APIRouter(tags=["assistant"], dependencies=ONLY_IF_ENABLED)

Reader = Annotated[Caller, requires("config.read")]
Service = Annotated[Asking, provided(Asking)]


@router.post("/workspaces/{workspace}/ask")
async def ask(caller: Reader, service: Service, body: Question) -> AnswerOut:
    """Answer a question about configurations and their past; nothing is ever changed by one."""
    return AnswerOut.of(await service.ask(caller, body.question, body.environment))


@router.post("/workspaces/{workspace}/ask/plan")
async def run_plan(caller: Reader, service: Service, body: PlanIn) -> AnswerOut:
    """Run a plan: that of an answer, edited, or one of your own."""
    return AnswerOut.of(await service.run(caller, body.plan.plan()))
