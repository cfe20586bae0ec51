# ruff: noqa: D417 - `opts` is described by its class
"""Schema rules."""

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from central_config.cli.client import segment
from central_config.cli.errors import OK, REFUSED, ProblemError, UsageError
from central_config.cli.groups import group
from central_config.cli.output import json_text, say, stderr, table, warn
from central_config.cli.session import IN_WORKSPACE, InWorkspace
from central_config.cli.values import File, read_text

if TYPE_CHECKING:
    from rich.table import Table

app = group("schema", "Schema rules: which values keys may have.")

Mode = Literal["warn", "enforce"]


@app.command(name="list")
def list_(*, opts: InWorkspace = IN_WORKSPACE) -> None:
    """List the schema rules of a workspace."""
    items = opts.client().items(f"{opts.workspace_path()}/schemas")
    rows = [[i["name"], i["pattern"], i["mode"], msgspec.json.encode(i["schema"])] for i in items]
    opts.out.show(
        items,
        lambda: table(
            ["name", "pattern", "mode", "schema"],
            [[*row[:3], row[3].decode()] for row in rows],
        ),
    )


@app.command
def show(name: str, /, *, opts: InWorkspace = IN_WORKSPACE) -> None:
    """Show a rule.

    Args:
        name: which.
    """
    found = opts.client().get(f"{opts.workspace_path()}/schemas/{segment(name)}")
    from rich.text import Text  # noqa: PLC0415 - see `output`

    opts.out.show(found, lambda: Text(json_text(found).rstrip()))


@app.command(name="set")
def set_(
    name: str,
    /,
    *,
    pattern: str | None = None,
    file: File = None,
    mode: Mode | None = None,
    opts: InWorkspace = IN_WORKSPACE,
) -> None:
    """Create a rule, or change what is given of it.

    Begin with mode warn, look at what `schema check` and the warnings name, then switch to enforce;
    that is refused while live values break the rule.

    Args:
        name: which.
        pattern: the keys it is for: `*` stands within a segment, `**` across segments.
        file: the JSON Schema (2020-12); `-` is stdin.
        mode: warn lets broken values through and says so, enforce refuses them.
    """
    given: dict[str, Any] = {"pattern": pattern, "mode": mode}
    body = {key: value for key, value in given.items() if value is not None}
    if file is not None:
        body["schema"] = _schema(file)
    if not body:
        raise UsageError("there is nothing to set", "Give --pattern, --file or --mode.")
    client, path = opts.client(), f"{opts.workspace_path()}/schemas"
    try:
        saved = client.request("PUT", f"{path}/{segment(name)}", body=body).body
    except ProblemError as problem:
        if problem.problem != "not-found":
            raise
        if "pattern" not in body or "schema" not in body:
            raise UsageError(f"{name} would be new: give --pattern and --file") from None
        saved = client.post(path, {"name": name, **body})
    if saved["count"]:
        warn(f"{saved['count']} live values break this rule")
        if opts.out.human:
            stderr().print(_violations(saved["violations"]))
    rule = saved["rule"]
    opts.out.done(saved, f"rule {rule['name']} on {rule['pattern']} saved, mode {rule['mode']}")


@app.command
def rm(name: str, /, *, opts: InWorkspace = IN_WORKSPACE) -> None:
    """Delete a rule.

    Args:
        name: which.
    """
    opts.client().request("DELETE", f"{opts.workspace_path()}/schemas/{segment(name)}")
    opts.out.done({"name": name, "removed": True}, f"rule {name} deleted")


@app.command
def check(
    name: str | None = None,
    /,
    *,
    pattern: str | None = None,
    file: File = None,
    opts: InWorkspace = IN_WORKSPACE,
) -> int:
    """Show which live values a rule breaks, or would break; ends with code 1 if any.

    Args:
        name: a rule that exists; its parts may be replaced by the options.
        pattern: the keys.
        file: the JSON Schema; `-` is stdin.
    """
    client, path = opts.client(), f"{opts.workspace_path()}/schemas"
    rule: dict[str, Any] = {} if name is None else client.get(f"{path}/{segment(name)}")
    schema: object = rule.get("schema") if file is None else _schema(file)
    keys: str | None = pattern or rule.get("pattern")
    if keys is None or schema is None:
        raise UsageError("give the NAME of a rule, or --pattern and --file")
    found = client.post(f"{path}/check", {"pattern": keys, "schema": schema})
    say(f"{found['count']} live values break it")
    opts.out.show(found, lambda: _violations(found["violations"]))
    return REFUSED if found["count"] else OK


def _schema(file: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return msgspec.json.decode(read_text(file))
    except msgspec.MsgspecError as error:
        raise UsageError(f"{file} is not JSON: {error}") from None


def _violations(items: list[dict[str, Any]]) -> "Table":
    return table(
        ["environment", "key", "at", "what is wrong"],
        [[i["environment"], i["key"], i["pointer"] or "/", i["detail"]] for i in items],
    )
