"""The job that has a review worded."""

from uuid import UUID

from central_config.assistant.service.engine.calls import Calls
from central_config.assistant.service.engine.lasting import LastingEngine
from central_config.assistant.service.explaining import Explaining
from central_config.assistant.service.reviewing import WORD_REVIEW
from central_config.core.jobs.model import JobContext, JobKind
from central_config.core.json import JSON
from central_config.secrets.service import Vault, master_key

# The engine itself gives up sooner (seconds).
_LIMIT = 150
# Of this process, which runs one job after the other.
_ENGINE = LastingEngine()


async def _word(context: JobContext) -> JSON:
    if not context.settings.ai_enabled:
        return await _worded(context, None)
    async with _ENGINE.lent(context.settings) as engine:
        return await _worded(context, Calls(engine, context.database, context.clock))


async def _worded(context: JobContext, calls: Calls | None) -> JSON:
    vault = Vault(context.database, master_key(context.settings), context.clock)
    explaining = Explaining(context.database, vault, calls, context.clock)
    return {"wording": await explaining.word(UUID(str(context.arguments["review"])))}


# Any reader can ask for one, and a model is slow: they leave a place to other work.
KINDS = (JobKind(WORD_REVIEW, _word, limit=_LIMIT, long=True),)
