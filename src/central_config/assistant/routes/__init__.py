"""Questions, reviews and advice over HTTP."""

from fastapi import APIRouter

router = APIRouter()
