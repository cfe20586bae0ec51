# ruff: noqa: D417 - `opts` is described by its class
"""Workspaces."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from central_config.cli import ask
from central_config.cli.client import segment
from central_config.cli.groups import group
from central_config.cli.output import details, table
from central_config.cli.session import OPTIONS, Options
from central_config.cli.times import ago

if TYPE_CHECKING:
    from rich.table import Table

app = group("workspace", "Workspaces: create, list, show, delete.")


@app.command
def create(slug: str, /, *, name: str = "", description: str = "", opts: Options = OPTIONS) -> None:
    """Create an empty workspace.

    Args:
        slug: its name in addresses: a-z, 0-9, hyphens.
        name: its name for people.
        description: what it is for.
    """
    body = {"slug": slug, "name": name, "description": description}
    made = opts.client().post("/workspaces", body)
    opts.out.done(made, f"workspace {made['slug']} created; next: ccfg env create -w {slug} NAME")


@app.command(name="list")
def list_(*, opts: Options = OPTIONS) -> None:
    """List the workspaces you may see."""
    items = opts.client().items("/workspaces")
    opts.out.show(
        items,
        lambda: table(
            ["workspace", "name", "revision", "created"],
            [[i["slug"], i["name"], i["revision"], ago(i["created_at"])] for i in items],
        ),
    )


@app.command
def show(slug: str, /, *, opts: Options = OPTIONS) -> None:
    """Show a workspace.

    Args:
        slug: which.
    """
    found = opts.client().get(f"/workspaces/{segment(slug)}")
    opts.out.show(found, lambda: _details(found))


def _details(found: dict[str, Any]) -> "Table":
    return details(
        [
            ("workspace", found["slug"]),
            ("name", found["name"] or None),
            ("description", found["description"] or None),
            ("revision", found["revision"]),
            ("oldest readable", found["oldest_revision"]),
            ("created", ago(found["created_at"])),
            ("id", found["id"]),
        ]
    )


@app.command
def delete(
    slug: str,
    /,
    *,
    yes: Annotated[bool, Parameter(name=("--yes", "-y"))] = False,
    opts: Options = OPTIONS,
) -> None:
    """Take a workspace out of service, with all its configuration. Its audit log stays.

    Args:
        slug: which.
        yes: do not ask for the name.
    """
    client, path = opts.client(), f"/workspaces/{segment(slug)}"
    client.get(path)
    ask.type_name(f"Workspace {slug} and all its configuration will be gone.", slug, yes=yes)
    client.request("DELETE", path)
    opts.out.done({"slug": slug, "deleted": True}, f"workspace {slug} deleted")
