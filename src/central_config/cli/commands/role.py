# ruff: noqa: D417 - `opts` is described by its class
"""Roles."""

from central_config.cli.client import segment
from central_config.cli.groups import group
from central_config.cli.output import details, table
from central_config.cli.session import OPTIONS, Options

app = group("role", "Roles: which there are, and what they allow.")


@app.command(name="list")
def list_(*, opts: Options = OPTIONS) -> None:
    """List the roles."""
    items = opts.client().items("/roles")
    opts.out.show(
        items,
        lambda: table(
            ["role", "description", "permissions"],
            [[i["name"], i["description"], ", ".join(i["permissions"])] for i in items],
        ),
    )


@app.command
def show(name: str, /, *, opts: Options = OPTIONS) -> None:
    """Show a role and what each of its permissions allows.

    Args:
        name: which.
    """
    client = opts.client()
    found = client.get(f"/roles/{segment(name)}")
    meaning = {each["name"]: each["description"] for each in client.items("/permissions")}
    opts.out.show(
        found,
        lambda: details(
            [
                ("role", found["name"]),
                ("description", found["description"] or None),
                ("built in", "yes" if found["built_in"] else "no"),
                *((f"  {each}", meaning.get(each, "")) for each in found["permissions"]),
            ]
        ),
    )
