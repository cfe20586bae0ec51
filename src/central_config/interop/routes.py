"""Importing and exporting configuration files."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from central_config.access.model import Caller
from central_config.configurations.model.keys import check_key
from central_config.core.json import encode
from central_config.core.problems import Problem
from central_config.core.web import parse_at, provided, requires
from central_config.interop.model.terms import Format
from central_config.interop.service import Imported, Interop, Options, Progress
from central_config.interop.wire import ImportOut, NoticeOut

router = APIRouter(tags=["import and export"])

Service = Annotated[Interop, provided(Interop)]
ENVIRONMENT = "/workspaces/{workspace}/environments/{environment}"
NDJSON = "application/x-ndjson"

_MEDIA = {
    Format.ENV: "text/plain",
    Format.YAML: "application/yaml",
    Format.JSON: "application/json",
    Format.TOML: "application/toml",
    Format.PROPERTIES: "text/x-java-properties",
    Format.INI: "text/plain",
    Format.CONFIGMAP: "application/yaml",
}


@router.post(
    ENVIRONMENT + "/import",
    status_code=201,
    response_model=ImportOut,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"text/plain": {"schema": {"type": "string"}}},
            "description": "The file, UTF-8, whatever its format",
        }
    },
)
async def import_file(  # noqa: PLR0913 - the parameters of the question
    request: Request,
    environment: str,
    caller: Annotated[Caller, requires("config.write")],
    service: Service,
    format_: Annotated[Format, Query(alias="format")],
    prefix: Annotated[str, Query(description="A key to put everything below")] = "",
    separator: Annotated[str, Query(max_length=1, description="Joins nested names")] = "/",
    references: Annotated[
        Literal["escape", "keep"], Query(description="escape: ${...} is text of the file")
    ] = "escape",
    mode: Annotated[
        Literal["merge", "replace"], Query(description="replace: also remove what the file lacks")
    ] = "merge",
    message: Annotated[str, Query(max_length=2000)] = "",
    accept: Annotated[str, Header()] = "",
) -> Response | ImportOut:
    """Keep a file as a draft change with a difference to look at; publish the change to apply it.

    With `Accept: application/x-ndjson` the answer is a line of progress `{done, total}` for each
    block that was kept, and last `{result}` or `{problem}`.
    """
    if prefix:
        check_key(prefix, "?prefix")
    text = _text(await request.body())
    options = Options(format_, prefix, separator, references, mode == "replace", message)
    steps = service.import_file(caller, environment, text, options)
    if NDJSON in accept:
        return StreamingResponse(_lines(request, steps), media_type=NDJSON)
    result: Imported | None = None
    async for step in steps:
        if isinstance(step, Imported):
            result = step
    assert result is not None  # noqa: S101 - it is the last item, always
    return ImportOut.of(result)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        detail = f"the file is not UTF-8 (byte {error.start})"
        raise Problem("import-failed", detail) from None


async def _lines(
    request: Request, steps: AsyncIterator[Progress | Imported]
) -> AsyncIterator[bytes]:
    try:
        async for step in steps:
            if isinstance(step, Progress):
                yield encode({"done": step.done, "total": step.total}) + b"\n"
            else:
                yield encode({"result": ImportOut.of(step).model_dump(mode="json")}) + b"\n"
    except Problem as problem:
        request_id = str(request.scope.get("request_id", ""))
        document = problem.document(instance=request.url.path, request_id=request_id)
        yield encode({"problem": document}) + b"\n"


@router.get(ENVIRONMENT + "/export", response_class=Response)
async def export_file(  # noqa: PLR0913 - the parameters of the question
    environment: str,
    caller: Annotated[Caller, requires("config.read")],
    service: Service,
    format_: Annotated[Format, Query(alias="format")] = Format.YAML,
    prefix: Annotated[str, Query(description="Only keys that begin so")] = "",
    at: Annotated[str | None, Query(description="A revision, or a time with its zone")] = None,
    secrets: Annotated[
        Literal["mask", "omit", "reveal"],
        Query(description="reveal needs secret.reveal and is recorded in the audit log"),
    ] = "mask",
) -> Response:
    """Export what an environment serves, references resolved, as a file."""
    exported = await service.export(
        caller, environment, format_, prefix=prefix, at=parse_at(at), secrets=secrets
    )
    notices = [NoticeOut.of(notice).model_dump() for notice in exported.notices[:20]]
    return Response(
        exported.text,
        media_type=_MEDIA[format_],
        headers={
            "Config-Revision": str(exported.revision),
            "Config-Notices": json.dumps(notices),  # ASCII, as headers are
            "Cache-Control": "no-store",
        },
    )
