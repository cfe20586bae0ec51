"""How commands end: the exit codes, and the errors that lead to them."""

from collections.abc import Mapping
from typing import Any

OK = 0
REFUSED = 1
USAGE = 2
UNREACHABLE = 3
NOT_ALLOWED = 4
NOT_FOUND = 5
CONFLICT = 6
DIFFERENT = 7
INTERRUPTED = 130

EXIT_CODES: Mapping[int, str] = {
    OK: "Done.",
    REFUSED: "The server refused, or the work failed; the message says why.",
    USAGE: "The command line is wrong.",
    UNREACHABLE: "The server cannot be reached, or is not ready.",
    NOT_ALLOWED: "Not signed in, or a permission is missing.",
    NOT_FOUND: "There is no such thing, or you may not see it.",
    CONFLICT: "Somebody changed it meanwhile, it exists already, or its state does not allow this.",
    DIFFERENT: "`diff` or `env compare` with `--exit-code` found differences, "
    "or `review --fail-at` a risk.",
    INTERRUPTED: "Interrupted with Ctrl-C.",
}

_BY_STATUS: Mapping[int, int] = {
    401: NOT_ALLOWED,
    403: NOT_ALLOWED,
    404: NOT_FOUND,
    409: CONFLICT,
    412: CONFLICT,
    428: CONFLICT,
    502: UNREACHABLE,
    503: UNREACHABLE,
    504: UNREACHABLE,
}


class CliError(Exception):
    """Ends the command with a message and an exit code.

    Args:
        message: one sentence for the person at the keyboard; never holds a secret.
        code: one of the exit codes above.
        hint: what to do about it.
    """

    def __init__(self, message: str, code: int = REFUSED, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint


class UsageError(CliError):
    """The command line asks for something that makes no sense."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, USAGE, hint)


class ProblemError(CliError):
    """The server's refusal, as the problem document (RFC 9457) it sent."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        status = document.get("status")
        self.document = dict(document)
        self.status = status if isinstance(status, int) else 0
        self.problem = str(document.get("code", ""))
        title = str(document.get("title") or f"HTTP status {self.status}")
        detail = document.get("detail")
        message = f"{title}: {detail}" if detail else title
        super().__init__(message, _BY_STATUS.get(self.status, REFUSED), _hint(self.problem))


def _hint(problem: str) -> str:
    hints = {
        "authentication-required": "Sign in with `ccfg login`, or set CENTRAL_CONFIG_TOKEN.",
        "invalid-credentials": "Sign in again with `ccfg login`, or replace the API key.",
        "change-conflict": "Look at both sides with `ccfg change show ID`, then "
        "`ccfg change rebase ID`.",
        "revision-conflict": "Read it again and decide; `--force` overwrites what is there.",
        "workspace-not-found": "See `ccfg workspace list`.",
        "environment-not-found": "See `ccfg env list`.",
    }
    return hints.get(problem, "")
