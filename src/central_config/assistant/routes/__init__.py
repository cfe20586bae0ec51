"""Questions, reviews and advice over HTTP."""

from fastapi import APIRouter

from central_config.assistant.routes.advice import router as advice
from central_config.assistant.routes.ask import router as ask
from central_config.assistant.routes.reviews import router as reviews
from central_config.assistant.routes.synonyms import router as synonyms

router = APIRouter()
for each in (advice, ask, reviews, synonyms):
    router.include_router(each)
