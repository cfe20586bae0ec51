# ruff: noqa: D417 - `opts` is described by its class
"""Users and their roles."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from central_config.cli import ask
from central_config.cli.client import segment
from central_config.cli.commands import access_review
from central_config.cli.groups import group
from central_config.cli.output import details, say, table, write
from central_config.cli.session import OPTIONS, Options
from central_config.cli.times import ago

if TYPE_CHECKING:
    from rich.table import Table

app = group("user", "Users: list, create, show, deactivate; their roles; the access review.")


def _roles_text(user: dict[str, Any]) -> str:
    return ", ".join(_role_text(role) for role in user["roles"])


def _role_text(role: dict[str, Any]) -> str:
    return role["role"] if role["workspace"] is None else f"{role['role']}@{role['workspace']}"


@app.command(name="list")
def list_(*, opts: Options = OPTIONS) -> None:
    """List the users."""
    items = opts.client().items("/users")
    opts.out.show(
        items,
        lambda: table(
            ["user", "name", "email", "active", "last sign-in", "roles"],
            [
                [
                    i["username"],
                    i["display_name"],
                    i["email"],
                    "yes" if i["active"] else "no",
                    ago(i["last_login"]) or "never",
                    _roles_text(i),
                ]
                for i in items
            ],
        ),
    )


@app.command
def create(
    username: str,
    /,
    *,
    email: str,
    name: str = "",
    password_stdin: bool = False,
    ask_password: bool = False,
    opts: Options = OPTIONS,
) -> None:
    """Create a user, without roles yet.

    Unless a password is given one is made up, printed this once, and must be changed at the first
    sign-in.

    Args:
        username: the name to sign in with.
        email: the address.
        name: the name for people.
        password_stdin: read the password from stdin.
        ask_password: ask for the password.
    """
    body: dict[str, Any] = {"username": username, "email": email, "display_name": name}
    if password_stdin or ask_password:
        question = f"Password for {username}: "
        body["password"] = ask.password(question, from_stdin=password_stdin, confirm=True)
    made = opts.client().post("/users", body)
    opts.out.done(made, f"user {made['username']} created; next: ccfg user roles {username} --add")
    if made["initial_password"] is not None and opts.out.human:
        say("The password, shown this once, to be changed at the first sign-in:")
        write(made["initial_password"] + "\n")


@app.command
def show(username: str, /, *, opts: Options = OPTIONS) -> None:
    """Show a user.

    Args:
        username: who.
    """
    found = opts.client().get(f"/users/{segment(username)}")
    opts.out.show(found, lambda: _details(found))


def _details(found: dict[str, Any]) -> "Table":
    return details(
        [
            ("user", found["username"]),
            ("name", found["display_name"] or None),
            ("email", found["email"]),
            ("active", "yes" if found["active"] else "no"),
            ("created", ago(found["created_at"])),
            ("last sign-in", ago(found["last_login"]) or "never"),
            ("roles", _roles_text(found) or "none"),
            ("note", "must change the password" if found["must_change_password"] else None),
        ]
    )


@app.command
def deactivate(
    username: str,
    /,
    *,
    yes: Annotated[bool, Parameter(name=("--yes", "-y"))] = False,
    opts: Options = OPTIONS,
) -> None:
    """End a user's sessions and let them sign in no more; the name stays taken.

    Args:
        username: who.
        yes: do not ask.
    """
    ask.agree(f"Deactivate {username}?", yes=yes)
    opts.client().request("DELETE", f"/users/{segment(username)}")
    opts.out.done({"username": username, "active": False}, f"user {username} deactivated")


@app.command
def roles(
    username: str,
    /,
    *,
    add: list[str] | None = None,
    remove: list[str] | None = None,
    opts: Options = OPTIONS,
) -> None:
    """Show a user's roles, give some or take some.

    A role is `ROLE`, everywhere, or `ROLE@WORKSPACE`.

    Args:
        username: who.
        add: give this role; may be repeated.
        remove: take this role; may be repeated.
    """
    client, path = opts.client(), f"/users/{segment(username)}"
    found = client.get(path)
    if add or remove:
        taken = [_role(text) for text in remove or []]
        wanted = [role for role in found["roles"] if role not in taken]
        wanted += [role for text in add or [] if (role := _role(text)) not in wanted]
        found = client.request("PUT", f"{path}/roles", body={"roles": wanted}).body
    opts.out.show(
        found["roles"],
        lambda: table(
            ["role", "workspace"], [[r["role"], r["workspace"] or "(all)"] for r in found["roles"]]
        ),
    )


def _role(text: str) -> dict[str, str | None]:
    role, _, workspace = text.partition("@")
    return {"role": role, "workspace": workspace or None}


app.command(access_review.review)
app.command(access_review.reviewed)
