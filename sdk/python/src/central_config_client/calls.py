"""What can be asked of the service, as requests and what their answers mean.

`client.Client` and `aio.AsyncClient` have each of these as a method that sends it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Literal, NamedTuple, TypedDict, TypeVar, Unpack, cast

from central_config_client.snapshot import JSON, Snapshot, from_document
from central_config_client.wire import Answer, Request, checked, json_body, path

T = TypeVar("T")

ANY: Literal["*"] = "*"
"""As `if_revision`: write over whatever is there."""
_IN_REVIEW = 202


class Call(NamedTuple, Generic[T]):
    """A request, and what reads its answer."""

    request: Request
    read: Callable[[Answer], T]


class Entry(NamedTuple):
    """One key as an environment serves it. `revision` is of its last change."""

    key: str
    value: JSON
    revision: int
    version: int
    status: str
    origin: str
    secret: bool
    masked: bool


class Written(NamedTuple):
    """What became of a write.

    `change` is the id of the change; where an approval is required, `in_review` is true and
    `revision` None. `changed` is false where it was so already.
    """

    revision: int | None
    change: str | None
    changed: bool
    in_review: bool
    warnings: tuple[str, ...]


class ReadOptions(TypedDict, total=False):
    """What to read.

    `at`: a revision or an RFC 3339 time; `consistent`: ask the database for the last revision.
    """

    prefix: str
    keys: Iterable[str]
    at: int | str
    consistent: bool


class WriteOptions(TypedDict, total=False):
    """Under what condition to write.

    `if_revision`: only if the key did not change after it, or `ANY`; `create`: only if the
    environment does not serve the key. `message`: why.
    """

    if_revision: int | Literal["*"]
    create: bool
    message: str


class PutOptions(WriteOptions, total=False):
    """What is said of a value besides."""

    secret: bool
    description: str
    status: str


class ChangeOptions(TypedDict, total=False):
    """How a change is made.

    `base_revision` is for all keys what `if_revision` is for one; `action`: what to do with it;
    `idempotency_key`: the same request with it again is carried out once.
    """

    message: str
    base_revision: int
    action: Literal["draft", "submit", "publish"]
    idempotency_key: str


def read(workspace: str, environment: str, **options: Unpack[ReadOptions]) -> Call[Snapshot]:
    """Return what an environment serves.

    Raises:
        ProblemError: `environment-not-found`, `revision-compacted` and others.
    """
    given = cast("Mapping[str, Any]", options)
    params = [
        (name, _text(given[name])) for name in ("prefix", "at", "consistent") if name in given
    ]
    params += [("key", key) for key in options.get("keys", ())]
    request = Request("GET", path("config", workspace, environment), params)
    return Call(request, _snapshot)


def read_key(
    workspace: str, environment: str, key: str, *, at: int | str | None = None
) -> Call[Entry]:
    """Return one key, with the revision of its last change.

    Raises:
        ProblemError: `key-not-found` and others.
    """
    params = [] if at is None else [("at", _text(at))]
    return Call(Request("GET", path("config", workspace, environment, key), params), _entry)


def put(
    workspace: str, environment: str, key: str, value: JSON, **options: Unpack[PutOptions]
) -> Call[Written]:
    """Write one value. A key that is served already needs `if_revision`.

    Raises:
        ProblemError: `revision-required`, `revision-conflict`, `schema-violation` and others.
    """
    said = {name: each for name, each in options.items() if name not in {"if_revision", "create"}}
    body = json_body({"value": value, **said})
    place = path("config", workspace, environment, key)
    return Call(Request("PUT", place, (), _conditions(options), body), _written)


def patch(
    workspace: str, environment: str, key: str, status: str, **options: Unpack[WriteOptions]
) -> Call[Written]:
    """Make a value `active`, `deprecated` or `archived`.

    Raises:
        ProblemError: as `put`.
    """
    body = json_body({"status": status, "message": options.get("message", "")})
    place = path("config", workspace, environment, key)
    return Call(Request("PATCH", place, (), _conditions(options), body), _written)


def delete(
    workspace: str, environment: str, key: str, **options: Unpack[WriteOptions]
) -> Call[Written]:
    """Remove the environment's own value; what a parent holds shows again.

    Raises:
        ProblemError: as `put`.
    """
    params = [("message", options["message"])] if "message" in options else []
    place = path("config", workspace, environment, key)
    return Call(Request("DELETE", place, params, _conditions(options)), _written)


def change(
    workspace: str, edits: Sequence[Mapping[str, JSON]], **options: Unpack[ChangeOptions]
) -> Call[dict[str, JSON]]:
    """Write many keys of many environments at once; published, they are one revision.

    An edit is `{"environment", "key", "action": "set" | "remove" | "status", "value"?, ...}`.
    Returns the change.

    Raises:
        ProblemError: `change-conflict`, `approval-required` and others.
    """
    said = {"action": "publish", "message": "", **options}
    token = said.pop("idempotency_key", None)
    headers = {} if token is None else {"idempotency-key": str(token)}
    body = json_body({**said, "edits": list(edits)})
    request = Request("POST", path("workspaces", workspace, "changes"), (), headers, body)
    return Call(request, _document)


def request(
    method: str,
    path: str,
    *,
    params: Mapping[str, str | int | bool] | None = None,
    json: JSON = None,
    headers: Mapping[str, str] | None = None,
) -> Call[JSON]:
    """Ask anything; `path` is below /api/v1. Returns the decoded answer.

    Raises:
        ProblemError: the service refused.
    """
    given = [(name, _text(each)) for name, each in (params or {}).items()]
    body = None if json is None else json_body(json)
    place = "/" + path.lstrip("/")
    asked = Request(method, place, given, headers or {}, body)
    return Call(asked, _document)


def _text(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _conditions(options: WriteOptions) -> dict[str, str]:
    seen = options.get("if_revision")
    if options.get("create"):
        return {"if-none-match": "*"}
    if seen is None:
        return {}
    return {"if-match": ANY if seen == ANY else f'"{seen}"'}


def _document(answer: Answer) -> JSON:
    return checked(answer).document()


def _snapshot(answer: Answer) -> Snapshot:
    return from_document(_document(answer))


def _entry(answer: Answer) -> Entry:
    document = _document(answer)
    return Entry(*(document[name] for name in Entry._fields))


def _written(answer: Answer) -> Written:
    document = _document(answer)
    if answer.status == _IN_REVIEW:
        warnings = tuple(document.get("warnings", ()))
        return Written(None, document["id"], changed=False, in_review=True, warnings=warnings)
    return Written(
        document["revision"],
        document["change"],
        changed=document["changed"],
        in_review=False,
        warnings=tuple(document["warnings"]),
    )
