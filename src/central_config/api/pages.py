"""The pages that problem types point to: what the code means, and what to do."""

from html import escape
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from central_config.access.model import PUBLIC, Caller
from central_config.core.problems import CATALOGUE, Problem
from central_config.core.web import requires

router = APIRouter(include_in_schema=False)

Anyone = Annotated[Caller, requires(PUBLIC)]


@router.get("/problems/{code}")
async def problem_page(code: str, caller: Anyone) -> HTMLResponse:
    """Explain a problem code."""
    del caller
    kind = CATALOGUE.get(code)
    if kind is None:
        raise Problem("not-found", "there is no such problem code")
    return HTMLResponse(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(code)}</title>"
        f"<h1>{escape(kind.title)}</h1><p>Code <code>{escape(code)}</code>, "
        f"status {kind.status}.</p><p>{escape(kind.advice)}</p></html>"
    )
