# ruff: noqa: D417 - `opts` is described by its class
"""Questions in plain words."""

from typing import TYPE_CHECKING, Any

import msgspec

from central_config.cli.errors import UsageError
from central_config.cli.output import json_text, say, table, typed_text, value_text, warn, write
from central_config.cli.session import IN_ENVIRONMENT, InEnvironment
from central_config.cli.times import ago
from central_config.cli.values import File, read_text

if TYPE_CHECKING:
    from rich.table import Table

# Columns that hold moments, and those that hold names: a name is never mistaken for a number.
_MOMENTS = frozenset({"when", "changed"})
_NAMES = frozenset({"environment", "key", "kind", "action", "status", "origin", "by", "message"})


def ask(
    *question: str,
    plan: bool = False,
    file: File = None,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> None:
    """Ask in plain words: which keys, who changed what when, what differs, why, what is unused.

    Nothing is ever changed by a question. The answer says how it was understood, and by whom: by
    rules, or by a language model. Where that is not what you meant, look at the plan, edit it and
    run it.

    Args:
        question: the question, in quotes or not.
        plan: show only the plan, as JSON.
        file: run the plan in this file, `-` for stdin, instead of asking.
    """
    path, words = f"{opts.workspace_path()}/ask", " ".join(question).strip()
    if bool(words) == (file is not None):
        raise UsageError("ask a question, or run a plan with --file FILE")
    if file is not None:
        answer = opts.client().post(f"{path}/plan", {"plan": _plan(file)})
    else:
        body = {"question": words, "environment": opts.environment}
        answer = opts.client().post(path, {name: it for name, it in body.items() if it})
    if plan:
        # What was understood goes beside the plan: a plan of nothing does not say why.
        _understood(answer)
        write(json_text(_said(answer["plan"])))
        return
    if opts.out.human:
        _understood(answer)
        _introduce(answer)
    if answer["rows"] or not opts.out.human:
        opts.out.show(answer, lambda: _rows(answer))


def _plan(file: str) -> Any:  # noqa: ANN401 - the server says what is wrong with it
    try:
        return msgspec.json.decode(read_text(file))
    except msgspec.MsgspecError as error:
        raise UsageError(f"{file} is not JSON: {error}") from None


# What a plan says of itself when nobody said anything.
_SILENT = {"value_is": "equals", "idle": "read", "days": 30, "count": False}


def _said(plan: dict[str, Any]) -> dict[str, Any]:
    """Return a plan without what says nothing: no is an answer, so `own: false` stays."""
    return {
        name: value
        for name, value in plan.items()
        if value not in (None, []) and not (name in _SILENT and _SILENT[name] == value)
    }


def _understood(answer: dict[str, Any]) -> None:
    """Say how the question was understood, by whom, and what was changed or not understood."""
    by = {"parser": "by rules", "llm": "by the model"}.get(answer["engine"])
    understood = by is not None and answer["plan"]["intent"] != "unsupported"
    say(answer["words"] + (f"  (understood {by})" if understood else ""))
    if answer["degraded"]:
        warn(f"the model could not be asked: {answer['reason']}")
    for note in answer["notes"]:
        say(f"  {note}")


def _introduce(answer: dict[str, Any]) -> None:
    """Say what the rows do not tell."""
    if answer["columns"] and not answer["rows"]:
        say("  nothing found")
    if answer["truncated"]:
        say(f"  {answer['total']} found; the first {len(answer['rows'])} are shown")


def _rows(answer: dict[str, Any]) -> "Table":
    columns = answer["columns"]
    return table(
        columns,
        [[_cell(*each) for each in zip(columns, row, strict=True)] for row in answer["rows"]],
    )


def _cell(column: str, value: object) -> str | None:
    if value is None and column != "value":
        return None
    if column in _MOMENTS and isinstance(value, str):
        return ago(value)
    if column in _NAMES and isinstance(value, str):
        return value
    return value_text(value) if isinstance(value, str) else typed_text(value)
