# ruff: noqa: D417 - `opts` is described by its class
"""Files in and out: import, export."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from central_config.cli import progress
from central_config.cli.client import Client, segment
from central_config.cli.commands.shared import differences_table
from central_config.cli.errors import CliError, ProblemError, UsageError
from central_config.cli.output import say, warn, write
from central_config.cli.session import IN_ENVIRONMENT, InEnvironment
from central_config.cli.text import safe_line
from central_config.cli.times import parse_when
from central_config.cli.values import STDIN, read_text

if TYPE_CHECKING:
    from rich.table import Table

FileFormat = Literal["env", "yaml", "json", "toml", "properties", "ini", "configmap"]
Message = Annotated[str, Parameter(name=("--message", "-m"))]

NDJSON = {"Accept": "application/x-ndjson"}


def import_(  # noqa: PLR0913 - the options of a command
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    format: FileFormat | None = None,  # noqa: A002 - the option's name
    prefix: str = "",
    separator: str = "/",
    references: Literal["escape", "keep"] = "escape",
    replace: bool = False,
    publish: bool = False,
    message: Message = "",
    opts: InEnvironment = IN_ENVIRONMENT,
) -> None:
    """Bring a file in as a draft change, and show what it would do.

    Nothing is served differently before the change is published: with `--publish` at once (or put
    to review where the environment asks for approval), otherwise with the command that is shown.

    Args:
        file: the file; `-` is stdin, which needs `--format`.
        format: what it is written in; otherwise seen from the name and the text.
        prefix: a key to put everything below.
        separator: joins the names of nested maps.
        references: escape takes `${...}` as text of the file, keep as references of this service.
        replace: also remove what the environment holds below the prefix and the file lacks.
        publish: publish the change at once.
        message: why.
    """
    text = read_text(file)
    params = {
        "format": format or _guess(file, text),
        "prefix": prefix,
        "separator": separator,
        "references": references,
        "mode": "replace" if replace else "merge",
        "message": message,
    }
    client = opts.client()
    result = _send(client, f"{opts.environment_path()}/import", text, params)
    for notice in result["notices"]:
        where = f"line {notice['line']}: " if notice["line"] is not None else ""
        warn(safe_line(f"{where}{notice['detail']}"))
    total = result["diff_total"]
    say(f"{result['entries']} keys in the file, {total} would change")
    opts.out.show(result, lambda: _effects(result))
    if total > len(result["diff"]):
        say(f"... and {total - len(result['diff'])} more")
    change = result["change"]
    if change is None:
        say("The environment holds all of it already; nothing was kept.")
    elif publish:
        _publish(opts, client, change["id"])
    else:
        say(f"Kept as a draft. To publish it: ccfg change publish {change['id']}")


def _effects(result: dict[str, Any]) -> "Table":
    return differences_table(result["diff"])


def _guess(file: str, text: str) -> str:
    from central_config.interop.model.guess import guess_format  # noqa: PLC0415 - only imports

    found = guess_format("" if file == STDIN else Path(file).name, text)
    if found is None:
        raise UsageError(f"cannot tell what {file} is written in", "Give --format.")
    return str(found.value)


def _send(client: Client, path: str, text: str, params: dict[str, Any]) -> dict[str, Any]:
    with (
        progress.Bar("Reading the file") as bar,
        client.stream("POST", path, body=text, params=params, headers=NDJSON) as response,
    ):
        for line in response.iter_lines():
            step = msgspec.json.decode(line)
            if "problem" in step:
                raise ProblemError(step["problem"])
            if "result" in step:
                return step["result"]
            bar.show("Keeping the change", step["done"], step["total"])
    raise CliError("the server broke off; see `ccfg change list --status draft`")


def _publish(opts: InEnvironment, client: Client, change: str) -> None:
    """Publish, or put to review where the change reaches an environment that asks for approval.

    The result of the import is on stdout already; this is told beside it.
    """
    path = f"{opts.workspace_path()}/changes/{segment(change)}"
    try:
        answer = client.request("POST", f"{path}/publish")
    except ProblemError as problem:
        if problem.problem != "approval-required":
            raise
        client.post(f"{path}/submit")
        say(f"Waits for review; another person runs: ccfg change approve {change}")
        return
    say(f"Published as revision {answer.body['revision']}")
    for warning in answer.body["warnings"]:
        warn(str(warning))


def export(
    *,
    format: FileFormat = "yaml",  # noqa: A002 - the option's name
    at: str | None = None,
    prefix: str = "",
    secrets: Literal["mask", "omit", "reveal"] = "mask",
    file: Annotated[Path | None, Parameter(name=("--file", "-f"))] = None,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> None:
    """Write what an environment serves as a file, references resolved.

    Args:
        format: what to write; `-o` has no effect here.
        at: a revision or a time: 42, "10m ago", "yesterday 14:00".
        prefix: only keys that begin so.
        secrets: mask shows `******`, omit leaves them out, reveal needs the permission and is
            recorded in the audit log.
        file: where to write it; a file with revealed secrets is readable by you alone. Otherwise
            stdout.
    """
    params = {
        "format": format,
        "at": None if at is None else parse_when(at),
        "prefix": prefix,
        "secrets": secrets,
    }
    with opts.client().stream("GET", f"{opts.environment_path()}/export", params=params) as got:
        text = got.read().decode()
        headers = got.headers
    for notice in _notices(headers.get("Config-Notices", "")):
        warn(safe_line(str(notice.get("detail", ""))))
    if file is None:
        write(text)
        return
    _save(file, text, private=secrets == "reveal")
    say(f"{file}: {opts.environment_slug()} at revision {headers.get('Config-Revision')}")


def _notices(header: str) -> list[dict[str, Any]]:
    try:
        return msgspec.json.decode(header, type=list[dict[str, Any]]) if header else []
    except msgspec.MsgspecError:
        return []


def _save(file: Path, text: str, *, private: bool) -> None:
    try:
        if private:
            file.touch(mode=0o600)
            file.chmod(0o600)
        file.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise CliError(f"cannot write {file}: {error.strerror}") from None
