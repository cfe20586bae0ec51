"""Every refusal of this service, as RFC 9457 problem details.

A feature raises `Problem` with a code of the catalogue below; the API renders it. The catalogue is
what documentation, the SDK's exception classes and the served `/problems/CODE` pages come from.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from central_config.core.json import JSON


class Kind(NamedTuple):
    """One sort of problem: its HTTP status, its title, and what the caller can do about it."""

    status: int
    title: str
    advice: str


class FieldError(NamedTuple):
    """What is wrong in one place of a request.

    `pointer` is a JSON pointer into the body, or `?name` for a query parameter, or the name of a
    header.
    """

    pointer: str
    detail: str


CATALOGUE: Mapping[str, Kind] = {
    "malformed-request": Kind(400, "Malformed request", "Send what the API reference shows."),
    "malformed-json": Kind(400, "Malformed JSON", "Send one JSON document, UTF-8, no duplicates."),
    "malformed-header": Kind(400, "Malformed header", "Correct the header that is named."),
    "malformed-cursor": Kind(400, "Malformed cursor", "Use next_cursor as it was given."),
    "authentication-required": Kind(
        401, "Authentication required", "Send `Authorization: Bearer` with a session or API key."
    ),
    "invalid-credentials": Kind(
        401,
        "Invalid credentials",
        "Sign in again, or use a key that is neither expired nor revoked.",
    ),
    "permission-denied": Kind(
        403, "Permission denied", "Ask an administrator for a role with the permission named."
    ),
    "origin-refused": Kind(
        403,
        "Host or origin not allowed",
        "Add it to MCP_ALLOWED_HOSTS or MCP_ALLOWED_ORIGINS if it is yours.",
    ),
    "own-change": Kind(403, "The author cannot approve", "Ask somebody else to review the change."),
    "not-found": Kind(404, "Not found", "Check the address; what you may not see is not found."),
    "workspace-not-found": Kind(404, "Workspace not found", "List the workspaces you can see."),
    "environment-not-found": Kind(404, "Environment not found", "List the environments."),
    "key-not-found": Kind(404, "Key not found", "List the keys of the environment."),
    "method-not-allowed": Kind(405, "Method not allowed", "Use one of the methods in `Allow`."),
    "already-exists": Kind(409, "Already exists", "Choose another name, or change what exists."),
    "change-conflict": Kind(
        409, "Change conflicts with a later one", "Rebase the change, look at both sides, publish."
    ),
    "wrong-state": Kind(409, "Not possible in this state", "Look at the status first."),
    "approval-required": Kind(
        409, "Approval required", "Submit the change; another person approves it, then publish it."
    ),
    "in-use": Kind(409, "Still in use", "Remove what uses it first; it is named in the detail."),
    "idempotency-conflict": Kind(
        409, "Idempotency key used for another request", "Use a new Idempotency-Key."
    ),
    "revision-compacted": Kind(
        410, "Revision compacted", "Ask for the oldest revision left or a later one."
    ),
    "revision-conflict": Kind(
        412, "The key was changed meanwhile", "Read it again, then send its revision in If-Match."
    ),
    "body-too-large": Kind(413, "Body too large", "Send less at once."),
    "value-too-large": Kind(413, "Value too large", "Keep a value below 1 MiB."),
    "unsupported-media-type": Kind(415, "Unsupported media type", "Send application/json."),
    "invalid-request": Kind(422, "Invalid request", "Correct the fields named in `errors`."),
    "invalid-key": Kind(
        422,
        "Invalid key",
        "Use segments of A-Z a-z 0-9 . _ - joined by `/`, 512 characters at most.",
    ),
    "invalid-schema": Kind(422, "Invalid JSON Schema", "Send a JSON Schema of draft 2020-12."),
    "schema-violation": Kind(422, "The value breaks a schema rule", "Correct the value."),
    "reference-malformed": Kind(
        422, "Malformed reference", "Write ${key} or ${env:slug/key}; $${ is a literal ${."
    ),
    "reference-unresolved": Kind(
        422, "Reference to a key that is not there", "Create the key, or correct the reference."
    ),
    "reference-cycle": Kind(422, "References form a cycle", "Break the cycle that is named."),
    "reference-type": Kind(
        422, "Reference cannot stand inside a text", "Only text, numbers and booleans can."
    ),
    "import-failed": Kind(422, "The file cannot be imported", "Correct the place that is named."),
    "revision-required": Kind(
        428,
        "Revision required",
        'Send If-Match with the revision you saw, or "*" for whatever is there.',
    ),
    "too-many-requests": Kind(429, "Too many requests", "Wait as long as Retry-After says."),
    "internal-error": Kind(500, "Internal error", "Give the request id to the operators."),
    "not-ready": Kind(503, "Not ready", "Try again after Retry-After."),
    "queue-full": Kind(503, "Too many writes are waiting", "Try again after Retry-After."),
    "snapshot-stale": Kind(503, "This replica lags", "Try again, or drop the wish for freshness."),
    "ai-disabled": Kind(503, "The AI engine is switched off", "Set AI_ENABLED=true."),
}


class Problem(Exception):  # noqa: N818 - the field's name for it (RFC 9457)
    """A refusal with a code of the catalogue.

    Args:
        code: a key of `CATALOGUE`.
        detail: what was wrong this time, in a sentence for the caller. Never holds a secret.
        errors: the places that are wrong, for 422.
        extra: further members of the answer, e.g. `current_revision`.
        retry_after: seconds, for 429 and 503.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        extra: Mapping[str, JSON] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.kind = CATALOGUE[code]
        self.detail = detail
        self.errors = tuple(errors)
        self.extra = dict(extra or {})
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.kind.status

    def document(self, *, instance: str, request_id: str) -> dict[str, JSON]:
        """Return the members of the answer, in the order people read them."""
        body: dict[str, JSON] = {
            "type": f"/problems/{self.code}",
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "instance": instance,
            "code": self.code,
            "request_id": request_id,
        }
        if self.errors:
            body["errors"] = [
                {"pointer": error.pointer, "detail": error.detail} for error in self.errors
            ]
        body.update(self.extra)
        return body


def invalid(pointer: str, detail: str) -> Problem:
    """Return the problem of one wrong field."""
    return Problem("invalid-request", detail, errors=[FieldError(pointer, detail)])
