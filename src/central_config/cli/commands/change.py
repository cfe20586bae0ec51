# ruff: noqa: D417 - `opts` is described by its class
"""Changes: write many keys at once, have them reviewed, publish them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from central_config.cli.client import segment
from central_config.cli.commands.review import findings_table, if_enabled, risk_text
from central_config.cli.commands.shared import (
    change_details,
    changes_table,
    shown_value,
    write_result,
)
from central_config.cli.errors import UsageError
from central_config.cli.groups import group
from central_config.cli.output import details, table
from central_config.cli.session import IN_ENVIRONMENT, IN_WORKSPACE, InEnvironment, InWorkspace
from central_config.cli.values import File, Kind, parse_pair, read_text

if TYPE_CHECKING:
    from rich.console import Group

app = group("change", "Changes: many keys at once, drafted, reviewed, published.")

Message = Annotated[str, Parameter(name=("--message", "-m"))]
Comment = Annotated[str, Parameter(name=("--comment", "-m"))]
Status = Literal["open", "draft", "in_review", "approved", "published", "rejected"]


@app.command(name="list")
def list_(
    *,
    status: Status | None = None,
    author: str | None = None,
    limit: Annotated[int | None, Parameter(name=("--limit", "-n"))] = 50,
    opts: InWorkspace = IN_WORKSPACE,
) -> None:
    """List changes, newest first.

    Args:
        status: only these; open is draft, in review and approved.
        author: only this person's or key's.
        limit: how many.
    """
    params = {"status": status, "author": author}
    items = opts.client().items(f"{opts.workspace_path()}/changes", params, limit)
    opts.out.show(items, lambda: changes_table(items))


@app.command
def show(change: str, /, *, opts: InWorkspace = IN_WORKSPACE) -> None:
    """Show a change: what it would do beside what is in force, or what it did.

    Where the assistant is on, its risk and what a review finds too.

    Args:
        change: the change's id.
    """
    client = opts.client()
    found = client.get(_path(opts, change))
    about = if_enabled(client, opts, change) if opts.out.human else None
    opts.out.show(found, lambda: _picture(found, about))


def _picture(found: Mapping[str, Any], about: Mapping[str, Any] | None) -> "Group":
    from rich.console import Group  # noqa: PLC0415 - see `output`

    if found["versions"]:
        columns = ["environment", "key", "action", "value", "status"]
        rows = [
            [each["environment"], each["key"], each["action"], shown_value(each), each["status"]]
            for each in found["versions"]
        ]
    else:
        columns = ["environment", "key", "action", "now", "then", ""]
        rows = [_edit_row(each) for each in found["edits"]]
    parts: list[Any] = [change_details(found), "", table(columns, rows)]
    if about is not None:
        parts += ["", details([("risk", risk_text(about["risk"]))])]
        parts += [findings_table(about["findings"])] if about["findings"] else []
    return Group(*parts)


def _edit_row(edit: Mapping[str, Any]) -> Sequence[object]:
    then = {"set": shown_value(edit), "status": edit["status"]}.get(edit["action"])
    before = None if edit["before"] is None else shown_value(edit, "before")
    mark = "CONFLICT: changed since" if edit["conflict"] else None
    return [edit["environment"], edit["key"], edit["action"], before, then, mark]


@app.command
def create(  # noqa: PLR0913 - the options of a command
    *pairs: Annotated[str, Parameter(allow_leading_hyphen=False)],
    file: File = None,
    remove: list[str] | None = None,
    type: Kind = "auto",  # noqa: A002 - the option's name
    message: Message = "",
    base: int | None = None,
    submit: bool = False,
    publish: bool = False,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> None:
    """Make a change of many edits; a draft, unless told otherwise.

    A file of edits is JSON or YAML: a list of `{environment, key, action, value, secret, status}`
    (action is set, remove or status; environment and action may be left out), or an object with
    `message` and `edits`.

    Args:
        pairs: `KEY=VALUE`, or `ENVIRONMENT:KEY=VALUE`.
        file: take the edits from a file; `-` is stdin.
        remove: remove this key, `KEY` or `ENVIRONMENT:KEY`; may be repeated.
        type: how the texts of `pairs` are read; see `set`.
        message: why.
        base: the revision you looked at; by default the present one.
        submit: put it to review at once.
        publish: publish it at once.
    """
    if submit and publish:
        raise UsageError("--submit and --publish exclude each other")
    edits, said = _from_file(opts, file) if file is not None else ([], "")
    edits += [_set(opts, pair, type) for pair in pairs]
    edits += [{**_place(opts, key), "action": "remove"} for key in remove or []]
    if not edits:
        raise UsageError("there is nothing to change", "Give KEY=VALUE, --remove KEY or --file.")
    body: dict[str, Any] = {
        "message": message or said,
        "edits": edits,
        "action": "publish" if publish else "submit" if submit else "draft",
    }
    client = opts.client()
    if base is not None:
        body["base_revision"] = base
    elif publish:
        body["base_revision"] = client.get(opts.workspace_path())["revision"]
    answer = client.request("POST", f"{opts.workspace_path()}/changes", body=body)
    if "changed" in answer.body:
        write_result(opts.out, answer.status, answer.body, f"{len(edits)} edits")
        return
    made = answer.body
    opts.out.done(made, f"{made['id']}: {made['status']}, {made['edit_count']} edits{_next(made)}")


def _next(change: Mapping[str, Any]) -> str:
    steps = {
        "draft": "ccfg change publish {0}\n  or, for review: ccfg change submit {0}",
        "in_review": "another person runs: ccfg change approve {0}",
        "approved": "ccfg change publish {0}",
    }
    step = steps.get(change["status"])
    return "" if step is None else "\n  next: " + step.format(change["id"])


def _place(opts: InEnvironment, text: str) -> dict[str, Any]:
    environment, colon, key = text.partition(":")
    if colon:
        return {"environment": environment, "key": key}
    return {"environment": opts.environment_slug(), "key": text}


def _set(opts: InEnvironment, pair: str, kind: Kind) -> dict[str, Any]:
    key, value = parse_pair(pair, kind)
    return {**_place(opts, key), "action": "set", "value": value}


class EditsFile(msgspec.Struct, forbid_unknown_fields=True):
    """What a file of edits holds."""

    edits: list[dict[str, Any]]
    message: str = ""


def _from_file(opts: InEnvironment, file: str) -> tuple[list[dict[str, Any]], str]:
    content = _decode(read_text(file), file)
    try:
        read = msgspec.convert(content, EditsFile | list[dict[str, Any]])
    except msgspec.ValidationError as error:
        hint = "Write an object with `message` and `edits`, or (JSON) a list of edits."
        raise UsageError(f"{file}: {error}", hint) from None
    edits = [
        each if "environment" in each else {"environment": opts.environment_slug(), **each}
        for each in (read.edits if isinstance(read, EditsFile) else read)
    ]
    return edits, read.message if isinstance(read, EditsFile) else ""


def _decode(text: str, file: str) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError:
        pass
    # Only for files that are no JSON; the reader of imports takes YAML as 1.2 means it.
    from central_config.interop.model.formats import Format, ParseError, parse  # noqa: PLC0415

    try:
        parsed = parse(text, Format.YAML, references="keep")
    except ParseError as error:
        raise UsageError(f"{file} is neither JSON nor YAML: {error}") from None
    return {entry.key: entry.value for entry in parsed.entries}


@app.command
def submit(change: str, /, *, opts: InWorkspace = IN_WORKSPACE) -> None:
    """Ask for review. What could not be published as things stand is refused now.

    Args:
        change: the change's id.
    """
    _step(opts, change, "submit")


@app.command
def approve(change: str, /, *, comment: Comment = "", opts: InWorkspace = IN_WORKSPACE) -> None:
    """Approve somebody else's change.

    Args:
        change: the change's id.
        comment: what you have to say.
    """
    _step(opts, change, "approve", {"comment": comment})


@app.command
def reject(change: str, /, *, comment: Comment = "", opts: InWorkspace = IN_WORKSPACE) -> None:
    """Reject a change, or withdraw your own.

    Args:
        change: the change's id.
        comment: what you have to say.
    """
    _step(opts, change, "reject", {"comment": comment})


@app.command
def rebase(change: str, /, *, opts: InWorkspace = IN_WORKSPACE) -> None:
    """Set the base of a change to the present, after looking at both sides with `change show`.

    An approval given before does not hold any more.

    Args:
        change: the change's id.
    """
    _step(opts, change, "rebase")


@app.command
def publish(change: str, /, *, opts: InWorkspace = IN_WORKSPACE) -> None:
    """Make a change a revision: an approved one, or a draft where no approval is required.

    Args:
        change: the change's id.
    """
    answer = opts.client().request("POST", f"{_path(opts, change)}/publish")
    write_result(opts.out, answer.status, answer.body, f"change {change}")


def _step(opts: InWorkspace, change: str, step: str, body: object = None) -> None:
    found = opts.client().post(f"{_path(opts, change)}/{step}", body)
    opts.out.done(found, f"{found['id']}: {found['status']}{_next(found)}")


def _path(opts: InWorkspace, change: str) -> str:
    return f"{opts.workspace_path()}/changes/{segment(change)}"
