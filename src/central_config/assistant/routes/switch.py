"""The switch of the assistant: with AI_ENABLED=false its endpoints say so, and nothing else."""

from typing import Any

from fastapi import Depends, Request

from central_config.core.problems import Problem
from central_config.core.settings import Settings


def _check(request: Request) -> None:
    services: dict[type, Any] = request.app.state.services
    settings: Settings = services[Settings]
    if not settings.ai_enabled:
        raise Problem("ai-disabled", "the AI engine is switched off here")


# Of a router: every route of it answers 503 while the assistant is off.
ONLY_IF_ENABLED = [Depends(_check)]
