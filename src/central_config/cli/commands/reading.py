# ruff: noqa: D417 - `opts` is described by its class
"""Reading values: get, ls, tree, search."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from central_config.cli.client import key_path
from central_config.cli.commands.shared import shown_value
from central_config.cli.errors import NOT_ALLOWED, CliError, UsageError
from central_config.cli.naming import variable_value
from central_config.cli.output import MASK, json_text, say, table, value_text, warn, write
from central_config.cli.session import IN_ENVIRONMENT, InEnvironment, Key
from central_config.cli.text import safe_line
from central_config.cli.times import ago, parse_when

if TYPE_CHECKING:
    from rich.tree import Tree

Status = Literal["draft", "active", "deprecated", "archived"]


def get(
    key: Key | None = None,
    /,
    *,
    at: str | None = None,
    prefix: str = "",
    raw: bool = False,
    consistent: bool = False,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> None:
    """Read a value, or all an environment serves.

    One key prints its value as JSON, with `--raw` a string without quotes. Without a key the whole
    environment is printed as a table; `-o json` gives all of every value.

    Args:
        key: the key; without one, everything.
        at: a revision or a time: 42, "10m ago", "yesterday 14:00", 2026-11-23T12:00:00Z.
        prefix: without a key: only keys that begin so.
        raw: print a string without quotes, for shells. A masked secret is refused.
        consistent: ask the database for the last revision first.
    """
    moment = None if at is None else parse_when(at)
    client, params = opts.client(), {"at": moment, "consistent": consistent or None}
    if key is None:
        if raw:
            raise UsageError("--raw prints one value; name its key")
        found = client.get(opts.config_path(), {**params, "prefix": prefix})
        say(f"{found['workspace']}/{found['environment']} at revision {found['revision']}")
        opts.out.show(found, lambda: _environment_table(found))
        return
    _one(opts, client.get(f"{opts.config_path()}/{key_path(key)}", params), raw=raw)


def _one(opts: InEnvironment, found: dict[str, Any], *, raw: bool) -> None:
    if found["status"] == "deprecated":
        warn(f"{found['key']} is deprecated: it will go away")
    if found["masked"]:
        if raw:
            raise CliError(
                f"{found['key']} is a secret you may not see",
                NOT_ALLOWED,
                "Use an API key that delivers secrets, or `ccfg reveal`.",
            )
        say(f"{found['key']} is a secret and masked; `ccfg reveal` shows it")
    if raw:
        write(variable_value(found["value"]) + "\n")
    elif opts.out.human:
        write(json_text(found["value"]))
    else:
        opts.out.show(found, lambda: "")


def _environment_table(found: dict[str, Any]) -> Any:  # noqa: ANN401 - something rich prints
    deprecated, masked = set(found["deprecated"]), set(found["masked"])
    return table(
        ["key", "value", ""],
        [
            [
                key,
                "(secret)" if key in masked else value_text(value),
                "deprecated" if key in deprecated else None,
            ]
            for key, value in found["values"].items()
        ],
    )


def _listing(
    opts: InEnvironment, prefix: str, status: Status | None, *, own: bool
) -> list[dict[str, Any]]:
    params = {"prefix": prefix, "status": status, "origin": "own" if own else "all"}
    return opts.client().items(f"{opts.environment_path()}/configurations", params)


def ls(
    prefix: Key = "",
    /,
    *,
    status: Status | None = None,
    own: bool = False,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> None:
    """List configurations with their status, origin and last change.

    Secrets are masked.

    Args:
        prefix: only keys that begin so.
        status: only these; without it all but drafts.
        own: leave out what is inherited.
    """
    items = _listing(opts, prefix, status, own=own)
    opts.out.show(
        items,
        lambda: table(
            ["key", "value", "status", "from", "revision", "updated", "by"],
            [
                [
                    item["key"],
                    shown_value(item) if item["version"] is not None else None,
                    item["status"],
                    item["origin"],
                    item["revision"],
                    ago(item["updated_at"]),
                    item["updated_by"],
                ]
                for item in items
            ],
        ),
    )


def tree(prefix: Key = "", /, *, own: bool = False, opts: InEnvironment = IN_ENVIRONMENT) -> None:
    """Show keys as a tree of their segments.

    Args:
        prefix: only keys that begin so.
        own: leave out what is inherited.
    """
    items = _listing(opts, prefix, None, own=own)
    opts.out.show(items, lambda: _tree(opts.environment_slug(), items))


def _tree(title: str, items: list[dict[str, Any]]) -> "Tree":
    from rich.text import Text  # noqa: PLC0415 - see `output`
    from rich.tree import Tree  # noqa: PLC0415

    root = Tree(Text(title, style="bold"))
    branches: dict[str, Tree] = {"": root}
    for item in items:
        *parents, leaf = item["key"].split("/")
        path = ""
        for name in parents:
            above, path = branches[path], f"{path}/{name}"
            if path not in branches:
                branches[path] = above.add(Text(safe_line(name)))
        label = Text(safe_line(leaf))
        label.append(f" = {shown_value(item)}", style="dim")
        branches[f"{path}/{leaf}"] = branches[path].add(label)
    return root


def search(words: str, /, *, opts: InEnvironment = IN_ENVIRONMENT) -> None:
    """Find configurations by what their key, description or value holds.

    The values of secrets are not searched. All environments are, unless `--env` names one.

    Args:
        words: what to look for.
    """
    params = {"q": words, "environment": opts.environment}
    items = opts.client().items(f"{opts.workspace_path()}/search", params)
    opts.out.show(
        items,
        lambda: table(
            ["environment", "key", "found in", "value"],
            [[i["environment"], i["key"], i["where"], shown_value(i)] for i in items],
        ),
    )


def reveal(
    key: Key,
    /,
    *,
    reason: Annotated[str, Parameter(name=("--reason", "-r"))],
    raw: bool = False,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> None:
    """Show a secret in clear. The audit log records who looked, and why.

    Args:
        key: the key.
        reason: why you look; kept in the audit log.
        raw: print a string without quotes.
    """
    path = f"{opts.environment_path()}/reveal/{key_path(key)}"
    found = opts.client().post(path, {"reason": reason})
    if raw:
        write(variable_value(found["value"]) + "\n")
    elif opts.out.human:
        write(json_text(found["value"]))
    else:
        opts.out.show(found, lambda: MASK)
