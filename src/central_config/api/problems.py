"""Every refusal in one form, whoever refused: us, the framework, or a fault."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from central_config.core.db import lost_connection
from central_config.core.json import encode
from central_config.core.problems import FieldError, Problem

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_BY_STATUS = {404: "not-found", 405: "method-not-allowed", 415: "unsupported-media-type"}
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PLACES = {"query": "?", "header": "", "path": "?"}


def render(problem: Problem, path: str, request_id: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of a problem answer."""
    headers = {"content-type": MEDIA_TYPE, "cache-control": "no-store"}
    if problem.retry_after is not None:
        headers["retry-after"] = str(problem.retry_after)
    if problem.status == 401:  # noqa: PLR2004 - the status that must name a scheme
        headers["www-authenticate"] = 'Bearer realm="central-config"'
    return problem.status, headers, encode(problem.document(instance=path, request_id=request_id))


def as_problem(error: Exception) -> Problem:
    """Return what the caller is told of an error; what is not theirs to know stays in the log."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return _from_validation(error.errors(), error.body)
    if isinstance(error, HTTPException):
        code = _BY_STATUS.get(error.status_code, "malformed-request")
        return Problem(code, str(error.detail))
    if lost_connection(error):
        log.warning("database unavailable", error=repr(error))
        return Problem("not-ready", "the database cannot be reached", retry_after=1)
    log.error("unexpected error", exc_info=error)
    return Problem("internal-error", "something went wrong on our side")


def _from_validation(found: Sequence[Any], body: Any) -> Problem:  # noqa: ANN401 - pydantic's
    if any(each["type"] == "json_invalid" for each in found):
        return Problem("malformed-json", "the body is no JSON document")
    errors = [FieldError(_pointer(each, body), _words(each)) for each in found]
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return Problem(
        "invalid-request", f"{first.pointer or '/'}: {first.detail}{more}", errors=errors
    )


def _pointer(error: Any, body: Any) -> str:  # noqa: ANN401 - pydantic's own record
    place, *rest = error["loc"]
    if place != "body":
        return _PLACES.get(place, "?") + ".".join(str(part) for part in rest)
    pointer = ""
    for depth, part in enumerate(rest, 1):
        known = _holds(body, part)
        # Where a value may be of several types, pydantic names the one it tried: no member.
        if known or (error["type"] == "missing" and depth == len(rest)):
            pointer += "/" + str(part).replace("~", "~0").replace("/", "~1")
        body = body[part] if known else body
    return pointer


def _holds(container: Any, part: str | int) -> bool:  # noqa: ANN401 - any JSON value
    if isinstance(container, list):
        return isinstance(part, int) and part < len(cast("list[Any]", container))
    return isinstance(container, dict) and part in container


def _words(error: Any) -> str:  # noqa: ANN401 - pydantic's own record
    """Return pydantic's words; never the input, which may be a secret."""
    return str(error["msg"]).removeprefix("Value error, ")


def _allowed(routes: Sequence[BaseRoute], scope: Scope) -> list[str]:
    """Return the methods that any route has at an address; the framework names those of one."""
    return [
        method
        for method in _METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    ]


def install(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""

    async def handle(request: Request, error: Exception) -> Response:
        problem = as_problem(error)
        request_id = str(request.scope.get("request_id", ""))
        status, headers, body = render(problem, request.url.path, request_id)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["allow"] = ", ".join(_allowed(app.routes, request.scope))
        return Response(body, status_code=status, headers=headers)

    for kind in (Problem, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handle)
