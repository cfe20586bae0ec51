"""HTTP as this package speaks it, without any input or output: requests, answers, refusals."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast
from urllib.parse import quote

from central_config_client.errors import ProblemError
from central_config_client.problems import BY_CODE
from central_config_client.snapshot import JSON

API: Final = "/api/v1"
# A server that asks for longer than this is asked again sooner (seconds).
LONGEST_WAIT = 600.0
_OK, _REFUSED = 200, 300


class Request(NamedTuple):
    """What to ask. `path` is below /api/v1; `read_timeout` in seconds, None: as configured."""

    method: str
    path: str
    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = {}
    content: bytes | None = None
    read_timeout: float | None = None


class Answer(NamedTuple):
    """A whole answer. The names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def accepted(self) -> bool:
        """Whether it is no refusal."""
        return _OK <= self.status < _REFUSED

    def document(self) -> JSON:
        """Return the decoded body, None if there is none.

        Raises:
            ProblemError: the body is not JSON; whatever answered is not the service.
        """
        if not self.body:
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            raise ProblemError("the answer is not JSON", status=self.status) from None


def path(*segments: str) -> str:
    """Return the address of segments; a key's `/` stays."""
    return "".join("/" + quote(segment) for segment in segments)


def json_body(document: JSON) -> bytes:
    """Return a document as the body of a request.

    Raises:
        ValueError: NaN or Infinity, which JSON does not know.
    """
    return json.dumps(document, ensure_ascii=False, allow_nan=False).encode()


def checked(answer: Answer) -> Answer:
    """Return an answer that is no refusal.

    Raises:
        ProblemError: it is one; of the class of its code.
    """
    if answer.accepted:
        return answer
    raise problem(answer)


def problem(answer: Answer) -> ProblemError:
    """Return the exception for a refusal."""
    document: dict[str, Any] = {}
    try:
        parsed = json.loads(answer.body)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict):
        document = cast("dict[str, Any]", parsed)
    detail = str(document.get("detail") or f"the server answered {answer.status}")
    kind = BY_CODE.get(str(document.get("code")), ProblemError)
    wait = retry_after(answer.headers)
    return kind(detail, document, status=answer.status, retry_after=wait)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a server asks to wait."""
    text = headers.get("retry-after", "").strip()
    if not (text.isascii() and text.isdigit()):
        return None
    return min(float(text), LONGEST_WAIT)
