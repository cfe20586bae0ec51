# ruff: noqa: D417 - `opts` is described by its class
"""Reviews: what could be wrong with a change, with evidence."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from central_config.cli.client import Client, segment
from central_config.cli.errors import DIFFERENT, OK, ProblemError, UsageError
from central_config.cli.output import details, table, warn
from central_config.cli.session import IN_WORKSPACE, InWorkspace

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

Document = Mapping[str, Any]
Severity = Literal["low", "medium", "high", "critical"]

RISKS = ("none", "low", "medium", "high", "critical")
_COLOURS = {"low": "cyan", "medium": "yellow", "high": "red", "critical": "bold red"}
# Seconds between two looks for the model's words, and how long they are waited for (a worker asks
# for 60 s at most).
_LOOK_EVERY, _PATIENCE = 1.0, 90.0
# The risk of a change whose review cannot be had: nobody can say that it is low.
_UNKNOWN = "unknown"


def review(
    change: str | None = None,
    /,
    *,
    explain: bool = False,
    fail_at: Severity | None = None,
    opts: InWorkspace = IN_WORKSPACE,
) -> int:
    """Say what could be wrong with a change, with evidence and how risky it is.

    Without a change, the risk of every change that waits for review.

    Args:
        change: the change's id; one that is published is judged in hindsight.
        explain: have the AI model put it into words, and wait for them.
        fail_at: exit with 7 if the risk is at least this: low, medium, high or critical; or if it
            cannot be told.
    """
    if explain and change is None:
        raise UsageError("--explain puts one change into words", "Give its id.")
    client = opts.client()
    if change is None:
        found = _waiting(client, opts)
        opts.out.show(found, lambda: _list(found))
        return _code((each["risk"] for each in found), fail_at)
    one = _explained(client, opts, change) if explain else fetched(client, opts, change)
    opts.out.show(one, lambda: picture(one))
    return _code([one["risk"]], fail_at)


def fetched(client: Client, opts: InWorkspace, change: str) -> Any:  # noqa: ANN401 - JSON
    """Return the review of a change."""
    return client.get(_path(opts, change))


def if_enabled(client: Client, opts: InWorkspace, change: str) -> Any:  # noqa: ANN401 - JSON
    """Return the review of a change; None where the server has none to give."""
    try:
        return fetched(client, opts, change)
    except ProblemError:  # switched off, an older server, a past that is compacted
        return None


def picture(found: Document) -> "Group":
    """Return a review for people."""
    from rich.console import Group  # noqa: PLC0415 - see `output`

    parts: list[Any] = [details(_head(found))]
    if found["findings"]:
        parts += ["", findings_table(found["findings"])]
    wording = found["wording"]
    if wording is not None and wording["explanation"]:
        said = f"The model {wording['model']} says (it may be wrong):"
        parts += ["", said, _plain(wording["explanation"])]
    return Group(*parts)


def findings_table(findings: Sequence[Document]) -> "Table":
    """Return findings, the worst first."""
    return table(
        ["risk", "rule", "where", "evidence", "advice"],
        [
            [risk_text(it["severity"]), it["rule"], _where(it), it["evidence"], it["advice"]]
            for it in findings
        ],
    )


def risk_text(risk: str) -> "Text":
    """Return a risk, coloured on a terminal."""
    from rich.text import Text  # noqa: PLC0415 - see `output`

    return Text(risk, style=_COLOURS.get(risk, ""))


def _head(found: Document) -> list[tuple[str, object]]:
    withheld = found["withheld"]
    unseen = found["values"] - found["looked_at"]
    return [
        ("change", found["change"]),
        ("status", found["status"]),
        ("risk", risk_text(found["risk"])),
        ("findings", len(found["findings"])),
        ("values changed", found["values"]),
        ("not looked at", unseen or None),
        ("edits you may not see", withheld or None),
        ("no words", found["reason"]),
    ]


def _where(finding: Document) -> str:
    if not finding["key"]:
        return ""
    place = f"{finding['environment']}:{finding['key']}{finding['pointer']}"
    also = finding["also"]
    return f"{place} (also {', '.join(also)})" if also else place


def _plain(text: str) -> "Text":
    from rich.text import Text  # noqa: PLC0415 - see `output`

    from central_config.cli.text import safe_block  # noqa: PLC0415 - only who shows words pays

    return Text(safe_block(text))


def _waiting(client: Client, opts: InWorkspace) -> list[dict[str, Any]]:
    path = f"{opts.workspace_path()}/changes"
    found = [
        {**_found(client, opts, each["id"]), "message": each["message"], "author": each["author"]}
        for each in client.items(path, {"status": "in_review"})
    ]
    return sorted(found, key=lambda it: -_rank(it["risk"]))


def _found(client: Client, opts: InWorkspace, change: str) -> dict[str, Any]:
    """Return the review of one of many; one that fails must not hide the others."""
    try:
        return dict(fetched(client, opts, change))
    except ProblemError as error:
        if error.problem == "ai-disabled":  # there are no reviews at all
            raise
        return {"change": change, "risk": _UNKNOWN, "findings": [], "reason": error.message}


def _rank(risk: str) -> int:
    return len(RISKS) if risk == _UNKNOWN else RISKS.index(risk)


def _list(found: Sequence[Document]) -> "Table":
    rows = [
        [
            it["change"],
            risk_text(it["risk"]),
            len(it["findings"]),
            it["author"],
            it["message"],
            it["findings"][0]["evidence"] if it["findings"] else it["reason"],
        ]
        for it in found
    ]
    return table(["change", "risk", "findings", "author", "message", "worst"], rows)


def _explained(client: Client, opts: InWorkspace, change: str) -> Any:  # noqa: ANN401 - JSON
    """Have a review worded and return it with its words, or as it is when patience ends."""
    found = client.post(f"{_path(opts, change)}/explain")
    until = time.monotonic() + _PATIENCE
    while found["wording"]["status"] == "queued" and time.monotonic() < until:
        time.sleep(_LOOK_EVERY)
        found = fetched(client, opts, change)
        if found["wording"] is None:  # the change, or what it is compared with, moved on
            return found
    if found["wording"]["status"] == "queued":
        warn("still waiting for a worker; look again with `ccfg review` for the words")
    return found


def _code(risks: Iterable[str], fail_at: Severity | None) -> int:
    if fail_at is None:
        return OK
    limit = RISKS.index(fail_at)
    return DIFFERENT if any(_rank(risk) >= limit for risk in risks) else OK


def _path(opts: InWorkspace, change: str) -> str:
    return f"{opts.workspace_path()}/changes/{segment(change)}/review"
