# ruff: noqa: D417 - `opts` is described by its class
"""Saved contexts."""

import sys
from typing import Any

import msgspec

from central_config.cli import contexts
from central_config.cli.client import check_url
from central_config.cli.contexts import Context
from central_config.cli.errors import UsageError
from central_config.cli.groups import group
from central_config.cli.output import details, table
from central_config.cli.session import IN_ENVIRONMENT, OPTIONS, InEnvironment, Options
from central_config.cli.targets import DEFAULT_URL

app = group("context", "Saved contexts: which server, as whom, where by default.")


@app.command(name="list")
def list_(*, opts: Options = OPTIONS) -> None:
    """List the saved contexts; `*` marks the one in use."""
    saved = contexts.load()
    items = [
        {"name": name, "current": name == saved.current, **shown(context)}
        for name, context in sorted(saved.contexts.items())
    ]
    columns = ["", "name", "url", "user", "workspace", "environment"]
    opts.out.show(
        items,
        lambda: table(
            columns,
            [
                [
                    "*" if i["current"] else "",
                    i["name"],
                    i["url"],
                    i["username"] or ("API key" if i["token"] else None),
                    i["workspace"],
                    i["environment"],
                ]
                for i in items
            ],
        ),
    )


def shown(context: Context) -> dict[str, Any]:
    """Return a context without its token."""
    return {
        "url": context.url,
        "username": context.username,
        "token": "saved" if context.token else None,
        "expires_at": context.expires_at,
        "workspace": context.workspace,
        "environment": context.environment,
    }


@app.command
def use(
    name: str | None = None,
    /,
    *,
    url: str | None = None,
    token_stdin: bool = False,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> None:
    """Use a context from now on; make it, or change what is given.

    `ccfg context use -w shop -e prod` sets the workspace and environment of the one in use.

    Args:
        name: which; by default the one in use.
        url: address of its server. Another address forgets the token saved for the old one.
        token_stdin: read an API key from stdin and save it.
    """
    saved = contexts.load()
    label = name or opts.context or saved.current
    if label is None:
        raise UsageError("no context is in use", "Name one, or sign in with `ccfg login`.")
    if label not in saved.contexts and url is None and name is not None:
        saved.find(label)
    found = saved.contexts.get(label, Context(DEFAULT_URL))
    if url is not None and check_url(url) != check_url(found.url):
        found = Context(check_url(url))
    if token_stdin:
        token = sys.stdin.readline().strip()
        if not token:
            raise UsageError("--token-stdin was given, but stdin holds no token")
        found = msgspec.structs.replace(found, token=token, username=None, expires_at=None)
    saved.contexts[label] = msgspec.structs.replace(
        found,
        workspace=opts.workspace or found.workspace,
        environment=opts.environment or found.environment,
    )
    saved.current = label
    contexts.save(saved)
    now = shown(saved.contexts[label])
    where = "/".join(filter(None, [now["workspace"], now["environment"]]))
    opts.out.done({"name": label, **now}, f"using {label}: {now['url']} {where}".rstrip())


@app.command
def show(name: str | None = None, /, *, opts: Options = OPTIONS) -> None:
    """Show where commands work, with all options and variables taken into account.

    Args:
        name: show this saved context instead.
    """
    if name is not None:
        data = {"name": name, **shown(contexts.load().find(name))}
    else:
        target = opts.target()
        data = {
            "name": target.context,
            "url": target.url,
            "token": "set" if target.token else None,
            "workspace": target.workspace,
            "environment": target.environment,
        }
    opts.out.show(data, lambda: details(data.items()))


@app.command
def rm(name: str, /, *, opts: Options = OPTIONS) -> None:
    """Forget a context. Its session goes on until it ends; `logout` ends it.

    Args:
        name: which.
    """
    saved = contexts.load()
    saved.find(name)
    del saved.contexts[name]
    if saved.current == name:
        saved.current = None
    contexts.save(saved)
    opts.out.done({"name": name, "removed": True}, f"context {name} forgotten")
