# ruff: noqa: D417 - `opts` is described by its class
"""Environments."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from central_config.cli import ask
from central_config.cli.client import segment
from central_config.cli.commands.shared import differences_table
from central_config.cli.errors import DIFFERENT, OK, UsageError
from central_config.cli.groups import group
from central_config.cli.output import say
from central_config.cli.session import IN_WORKSPACE, InWorkspace
from central_config.cli.text import safe_line
from central_config.cli.times import parse_side

if TYPE_CHECKING:
    from rich.tree import Tree

app = group("env", "Environments: create, list, update, delete, compare.")


@app.command
def create(
    slug: str,
    /,
    *,
    parent: str | None = None,
    requires_approval: bool = False,
    description: str = "",
    opts: InWorkspace = IN_WORKSPACE,
) -> None:
    """Create an environment.

    Args:
        slug: its name in addresses: a-z, 0-9, hyphens.
        parent: where keys come from that it lacks.
        requires_approval: changes that reach it need another person's approval.
        description: what it is for.
    """
    body = {
        "slug": slug,
        "parent": parent,
        "requires_approval": requires_approval,
        "description": description,
    }
    made = opts.client().post(f"{opts.workspace_path()}/environments", body)
    opts.out.done(made, f"environment {made['slug']} created")


@app.command(name="list")
def list_(*, opts: InWorkspace = IN_WORKSPACE) -> None:
    """Show the environments of a workspace as the tree they form."""
    items = opts.client().items(f"{opts.workspace_path()}/environments")
    opts.out.show(items, lambda: _tree(opts.workspace_slug(), items))


def _tree(title: str, items: list[dict[str, Any]]) -> "Tree":
    from rich.text import Text  # noqa: PLC0415 - see `output`
    from rich.tree import Tree  # noqa: PLC0415

    root = Tree(Text(title, style="bold"))
    branches: dict[str | None, Tree] = {None: root}
    waiting = sorted(items, key=lambda item: item["slug"])
    while waiting:
        ready = [item for item in waiting if item["parent"] in branches]
        for item in ready:
            label = Text(item["slug"])
            if item["requires_approval"]:
                label.append("  requires approval", style="yellow")
            if item["description"]:
                label.append(f"  {safe_line(item['description'])}", style="dim")
            branches[item["slug"]] = branches[item["parent"]].add(label)
        waiting = [item for item in waiting if item["slug"] not in branches]
        if not ready:
            break
    return root


@app.command
def update(
    slug: str,
    /,
    *,
    parent: str | None = None,
    no_parent: bool = False,
    requires_approval: Annotated[bool | None, Parameter(negative="--no-requires-approval")] = None,
    description: str | None = None,
    opts: InWorkspace = IN_WORKSPACE,
) -> None:
    """Move an environment below another parent, protect it, or describe it.

    Args:
        slug: which.
        parent: the new parent.
        no_parent: make it a root, which inherits nothing.
        requires_approval: whether changes that reach it need another person's approval.
        description: what it is for.
    """
    if parent is not None and no_parent:
        raise UsageError("--parent and --no-parent exclude each other")
    given: dict[str, object] = {
        "parent": parent,
        "requires_approval": requires_approval,
        "description": description,
    }
    body = {name: value for name, value in given.items() if value is not None}
    if no_parent:
        body["parent"] = None
    if not body:
        raise UsageError("there is nothing to change")
    path = f"{opts.workspace_path()}/environments/{segment(slug)}"
    made = opts.client().request("PATCH", path, body=body).body
    opts.out.done(made, f"environment {made['slug']} updated")


@app.command
def delete(
    slug: str,
    /,
    *,
    yes: Annotated[bool, Parameter(name=("--yes", "-y"))] = False,
    opts: InWorkspace = IN_WORKSPACE,
) -> None:
    """Take an environment out of service.

    Args:
        slug: which.
        yes: do not ask for the name.
    """
    client = opts.client()
    path = f"{opts.workspace_path()}/environments/{segment(slug)}"
    client.get(path)
    ask.type_name(f"Environment {slug} will not be served any more.", slug, yes=yes)
    client.request("DELETE", path)
    opts.out.done({"slug": slug, "deleted": True}, f"environment {slug} deleted")


@app.command
def compare(
    left: str,
    right: str,
    /,
    *,
    prefix: str = "",
    exit_code: bool = False,
    opts: InWorkspace = IN_WORKSPACE,
) -> int:
    """Show what two environments do not serve alike.

    Each is `ENVIRONMENT`, `ENVIRONMENT@REVISION` or `ENVIRONMENT@TIME` ("prod@10m ago").

    Args:
        left: one environment.
        right: the other.
        prefix: only keys that begin so.
        exit_code: end with code 7 if there are differences.
    """
    params = {"left": parse_side(left), "right": parse_side(right), "prefix": prefix}
    found = opts.client().get(f"{opts.workspace_path()}/compare", params)
    sides = [f"{s['environment']}@{s['revision']}" for s in (found["left"], found["right"])]
    say(f"{sides[0]} -> {sides[1]}")
    opts.out.show(found, lambda: differences_table(found["items"]))
    return DIFFERENT if exit_code and found["items"] else OK
