"""Reading and writing values."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response

from central_config.access.model import Caller
from central_config.configurations.model.changes import (
    REMOVE,
    SET,
    STATUS,
    Change,
    Condition,
    Outcome,
)
from central_config.configurations.service.edits import Wish
from central_config.configurations.service.history import History
from central_config.configurations.service.publishing import Publishing
from central_config.configurations.service.reading import Answer, Reading, When
from central_config.configurations.wire.changes import ChangeOut
from central_config.configurations.wire.values import (
    EnvironmentValues,
    KeyWriteOut,
    ListedOut,
    ListedPage,
    ValueOut,
    ValuePatch,
    ValuePut,
    WriteOut,
)
from central_config.core.web import (
    LONGEST_REVISION,
    Cursor,
    Limit,
    Match,
    Matched,
    decode_cursor,
    encode_cursor,
    parse_at,
    provided,
    requires,
)

router = APIRouter(tags=["values"])

Reader = Annotated[Caller, requires("config.read")]
Author = Annotated[Caller, requires("config.write")]
ReadingService = Annotated[Reading, provided(Reading)]
PublishingService = Annotated[Publishing, provided(Publishing)]
HistoryService = Annotated[History, provided(History)]
AcceptEncoding = Annotated[str, Header()]
AtQuery = Annotated[
    str | None, Query(alias="at", description="A revision, or a time with its zone (RFC 3339)")
]
Prefix = Annotated[str, Query(description="Only keys that begin so")]
MaximumAge = Annotated[
    float | None,
    Query(ge=0, description="Seconds of lag to put up with; an older replica answers 503"),
]

# A replica that could not confirm its revision for so long says so (seconds).
STALE_AFTER = 10.0
MESSAGE = Query(description="Why")


def seen_revision(if_none_match: str | None) -> int | None:
    """Return the revision a reader says it has, if the header holds one of ours."""
    if if_none_match is None:
        return None
    tag = if_none_match.strip().removeprefix("W/").strip('"').partition("-")[0]
    return int(tag) if tag.isascii() and tag.isdigit() and len(tag) <= LONGEST_REVISION else None


async def respond(answer: Answer, accepted: str = "") -> Response:
    """Return an answer to a read with its revision and age, in an encoding the reader accepts."""
    page = answer.page
    if page is None:
        return Response(status_code=304, headers=dict(read_headers(answer, None)))
    encoding = page.encoding(accepted)
    body = await page.encoded(encoding)
    headers = dict(read_headers(answer, encoding))
    return Response(body, media_type="application/json", headers=headers)


def read_headers(answer: Answer, encoding: str | None) -> list[tuple[str, str]]:
    """Return what every answer to a read says of itself."""
    suffix = "" if encoding is None else f"-{encoding}"
    headers = [
        ("etag", f'"{answer.revision}{suffix}"'),
        ("config-revision", str(answer.revision)),
        ("config-age", f"{answer.age:.3f}"),
        ("cache-control", "private, no-cache"),
        ("vary", "Authorization, X-API-Key, Accept-Encoding"),
    ]
    if encoding is not None:
        headers.append(("content-encoding", encoding))
    if answer.age > STALE_AFTER:
        headers.append(("config-stale", "true"))
    return headers


def condition_of(match: Match) -> Condition:
    """Return what If-Match and If-None-Match ask of a write."""
    if match.any:
        return Condition()
    return Condition(since=match.expected, absent=match.absent, required=True)


@router.get("/config/{workspace}/{environment}", response_model=EnvironmentValues)
async def read_environment(  # noqa: PLR0913 - the parameters of the question
    environment: str,
    caller: Reader,
    service: ReadingService,
    prefix: Prefix = "",
    key: Annotated[list[str], Query(description="Only these keys; may be repeated")] = [],  # noqa: B006 - FastAPI copies it
    at: AtQuery = None,
    *,
    consistent: Annotated[
        bool, Query(description="Ask PostgreSQL for the last revision first")
    ] = False,
    max_age: MaximumAge = None,
    if_none_match: Annotated[str | None, Header()] = None,
    accept_encoding: AcceptEncoding = "",
) -> Response:
    """Read all an environment serves, or a prefix of it, or the named keys."""
    answer = await service.environment(
        caller,
        environment,
        prefix=prefix,
        keys=key,
        when=When(parse_at(at), consistent, max_age),
        seen=seen_revision(if_none_match),
    )
    return await respond(answer, accept_encoding)


@router.get("/config/{workspace}/{environment}/{key:path}", response_model=ValueOut)
async def read_value(  # noqa: PLR0913 - the parameters of the question
    environment: str,
    key: str,
    caller: Reader,
    service: ReadingService,
    at: AtQuery = None,
    *,
    consistent: bool = False,
    max_age: MaximumAge = None,
    if_none_match: Annotated[str | None, Header()] = None,
    accept_encoding: AcceptEncoding = "",
) -> Response:
    """Read one key as an environment serves it."""
    answer = await service.key(
        caller,
        environment,
        key,
        when=When(parse_at(at), consistent, max_age),
        seen=seen_revision(if_none_match),
    )
    return await respond(answer, accept_encoding)


def written(response: Response, result: Outcome | Change, key: str) -> KeyWriteOut | ChangeOut:
    """Return the answer to a write of one key: what was published, or what waits for review."""
    if isinstance(result, Change):
        response.status_code = 202
        return ChangeOut.of(result)
    response.status_code = 201 if result.created else 200
    response.headers["ETag"] = f'"{result.revision}"'
    return KeyWriteOut(**WriteOut.of(result).model_dump(), key=key, version=result.versions[0])


_WRITTEN: dict[int | str, dict[str, Any]] = {
    201: {"model": KeyWriteOut, "description": "The environment held no value of its own before"},
    202: {"model": ChangeOut, "description": "The change waits for review"},
}


@router.put(
    "/config/{workspace}/{environment}/{key:path}",
    responses=_WRITTEN,
    response_model=KeyWriteOut | ChangeOut,
)
async def write_value(  # noqa: PLR0913 - the parameters of the question
    environment: str,
    key: str,
    body: ValuePut,
    caller: Author,
    service: PublishingService,
    match: Matched,
    response: Response,
) -> KeyWriteOut | ChangeOut:
    """Write one value. A key that is served already needs If-Match: its revision, or `*`."""
    wish = Wish(environment, key, SET, body.value, body.status, body.secret, body.description)
    result = await service.write(
        caller, [wish], message=body.message, condition=condition_of(match)
    )
    return written(response, result, key)


@router.patch(
    "/config/{workspace}/{environment}/{key:path}",
    responses=_WRITTEN,
    response_model=KeyWriteOut | ChangeOut,
)
async def change_status(  # noqa: PLR0913 - the parameters of the question
    environment: str,
    key: str,
    body: ValuePatch,
    caller: Author,
    service: PublishingService,
    match: Matched,
    response: Response,
) -> KeyWriteOut | ChangeOut:
    """Deprecate, archive or reactivate a value the environment itself holds."""
    wish = Wish(environment, key, STATUS, status=body.status)
    result = await service.write(
        caller, [wish], message=body.message, condition=condition_of(match)
    )
    return written(response, result, key)


@router.delete(
    "/config/{workspace}/{environment}/{key:path}",
    responses=_WRITTEN,
    response_model=KeyWriteOut | ChangeOut,
)
async def remove_value(  # noqa: PLR0913 - the parameters of the question
    environment: str,
    key: str,
    caller: Author,
    service: PublishingService,
    match: Matched,
    response: Response,
    message: Annotated[str, MESSAGE] = "",
) -> KeyWriteOut | ChangeOut:
    """Remove the environment's own value; what a parent holds shows again."""
    wish = Wish(environment, key, REMOVE)
    result = await service.write(caller, [wish], message=message, condition=condition_of(match))
    return written(response, result, key)


@router.get("/workspaces/{workspace}/environments/{environment}/configurations")
async def list_configurations(  # noqa: PLR0913 - the parameters of the question
    environment: str,
    caller: Reader,
    reading: ReadingService,
    history: HistoryService,
    prefix: Prefix = "",
    status: Literal["draft", "active", "deprecated", "archived"] | None = None,
    origin: Annotated[str, Query(pattern="^(own|all)$", description="own: not inherited")] = "all",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> ListedPage:
    """List configurations with their status and origin; secrets are masked."""
    position = decode_cursor(cursor, str)
    found, state = await reading.listing(
        caller,
        environment,
        prefix=prefix,
        status=status,
        own=origin == "own",
        after="" if position is None else position[0],
        limit=limit,
    )
    revisions = [each.served.cell.revision for each in found if each.served is not None]
    origins = await history.origins(caller, revisions)
    said = await history.descriptions(caller, [each.key for each in found])
    return ListedPage(
        items=[ListedOut.of(each, origins, said) for each in found],
        next_cursor=encode_cursor([found[-1].key]) if len(found) == limit else None,
        revision=state.revision,
    )
