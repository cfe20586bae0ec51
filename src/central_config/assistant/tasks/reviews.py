"""The job that has a review worded."""

from uuid import UUID

from central_config.assistant.service.engine.calls import Calls
from central_config.assistant.service.engine.ollama import OllamaEngine
from central_config.assistant.service.explaining import Explaining
from central_config.assistant.service.reviewing import WORD_REVIEW
from central_config.core.jobs.model import JobContext, JobFailedError, JobKind
from central_config.core.json import JSON
from central_config.secrets.service import Vault, master_key

# The engine itself gives up sooner (seconds).
_LIMIT = 150


async def _word(context: JobContext) -> JSON:
    if not context.settings.ai_enabled:
        raise JobFailedError("AI_ENABLED is false for this worker")
    vault = Vault(context.database, master_key(context.settings), context.clock)
    engine = OllamaEngine.of(context.settings)
    try:
        calls = Calls(engine, context.database, context.clock)
        explaining = Explaining(context.database, vault, calls, context.clock)
        return {"wording": await explaining.word(UUID(str(context.arguments["review"])))}
    finally:
        await engine.close()


KINDS = (JobKind(WORD_REVIEW, _word, limit=_LIMIT),)
