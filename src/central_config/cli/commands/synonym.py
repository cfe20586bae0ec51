# ruff: noqa: D417 - `opts` is described by its class
"""Synonyms: what people say for what configurations are called, for questions in words."""

from central_config.cli.client import segment
from central_config.cli.groups import group
from central_config.cli.output import table
from central_config.cli.session import IN_WORKSPACE, InWorkspace

app = group("synonym", "Synonyms: what people say for what configurations are called.")


@app.command(name="list")
def list_(*, own: bool = False, opts: InWorkspace = IN_WORKSPACE) -> None:
    """List what questions are read with.

    Args:
        own: leave out what comes with the service.
    """
    found = opts.client().get(f"{opts.workspace_path()}/synonyms")["items"]
    items = [each for each in found if not (own and each["built_in"])]
    opts.out.show(
        items,
        lambda: table(
            ["said", "may stand for", "by"],
            [
                [
                    each["said"],
                    ", ".join(each["words"]),
                    "(built in)" if each["built_in"] else each["updated_by"],
                ]
                for each in items
            ],
        ),
    )


@app.command(name="set")
def set_(said: str, /, *words: str, opts: InWorkspace = IN_WORKSPACE) -> None:
    """Say what something may stand for, in place of what was said of it before.

    Args:
        said: what people say: `"the shop"`.
        words: words of keys, environments or users: `storefront web`.
    """
    path = f"{opts.workspace_path()}/synonyms/{segment(said)}"
    made = opts.client().request("PUT", path, body={"words": list(words)}).body
    opts.out.done(made, f"{made['said']} may stand for {', '.join(made['words'])}")


@app.command
def delete(said: str, /, *, opts: InWorkspace = IN_WORKSPACE) -> None:
    """Forget one of the workspace's own; what comes with the service counts again.

    Args:
        said: which.
    """
    opts.client().request("DELETE", f"{opts.workspace_path()}/synonyms/{segment(said)}")
    opts.out.done({"said": said, "deleted": True}, f"{said} forgotten")
