# ruff: noqa: D417 - `opts` is described by its class
"""API keys."""

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from central_config.cli import ask
from central_config.cli.client import segment
from central_config.cli.commands import rotation
from central_config.cli.groups import group
from central_config.cli.output import say, table, write
from central_config.cli.session import IN_WORKSPACE, OPTIONS, InWorkspace, Options
from central_config.cli.times import ago, parse_expiry, parse_span

app = group("key", "API keys, for programs: create, list, rotate, revoke.")


@app.command
def create(  # noqa: PLR0913 - the options of a command
    name: str,
    /,
    *,
    env: Annotated[list[str] | None, Parameter(name=("--env", "-e"))] = None,
    prefix: str = "",
    access: Literal["read", "write"] = "read",
    secrets: bool = False,
    expires: str | None = None,
    opts: InWorkspace = IN_WORKSPACE,
) -> None:
    """Create an API key. Its token is printed this once, alone on stdout.

    Args:
        name: what it is for.
        env: it reaches only this environment; may be repeated.
        prefix: it reaches only keys that begin so.
        access: read, or write as well.
        secrets: deliver secret values in clear.
        expires: 90d, 12h, or a time with its zone; by default never.
    """
    body: dict[str, Any] = {
        "name": name,
        "workspace": opts.workspace_slug(),
        "environments": env or None,
        "key_prefix": prefix,
        "access": access,
        "secrets": secrets,
        "expires_at": None if expires is None else parse_expiry(expires),
    }
    made = opts.client().post("/keys", body)
    if not opts.out.human:
        opts.out.show(made, lambda: "")
        return
    say(f"key {made['name']} created (id {made['id']})")
    say("This is its token. Keep it now: it is never shown again.")
    write(made["token"] + "\n")


@app.command(name="list")
def list_(
    *,
    all: Annotated[bool, Parameter(name=("--all", "-a"))] = False,  # noqa: A002 - the option
    older_than: str | None = None,
    opts: InWorkspace = IN_WORKSPACE,
) -> None:
    """List API keys, newest first; those of all workspaces you manage, unless one is named.

    Args:
        all: revoked ones too.
        older_than: only those created so long ago: 180d.
    """
    age = None if older_than is None else int(parse_span(older_than).total_seconds())
    items = opts.client().items("/keys", {"workspace": opts.workspace, "older_than": age})
    items = [each for each in items if all or each["revoked_at"] is None]
    opts.out.show(
        items,
        lambda: table(
            [
                "id",
                "name",
                "begins",
                "reaches",
                "access",
                "created",
                "used",
                "times",
                "expires",
                "",
            ],
            [_row(each) for each in items],
        ),
    )


def _row(key: dict[str, Any]) -> list[object]:
    reach = f"{key['workspace']}/{'+'.join(key['environments'] or ['*'])}/{key['key_prefix']}*"
    return [
        key["id"],
        key["name"],
        key["prefix"],
        reach,
        key["access"] + (" +secrets" if key["secrets"] else ""),
        ago(key["created_at"]),
        ago(key["last_used"]) or "never",
        key["usage_count"],
        ago(key["expires_at"]) or "never",
        _note(key),
    ]


def _note(key: dict[str, Any]) -> str | None:
    if key["revoked_at"] is not None:
        return f"revoked {ago(key['revoked_at'])}"
    return None if key["successor"] is None else "has a successor"


@app.command
def revoke(
    key: str,
    /,
    *,
    yes: Annotated[bool, Parameter(name=("--yes", "-y"))] = False,
    opts: Options = OPTIONS,
) -> None:
    """Revoke an API key for ever; it stops working within five seconds.

    Args:
        key: its id, from `key list`.
        yes: do not ask.
    """
    client, path = opts.client(), f"/keys/{segment(key)}"
    found = client.get(path)
    used = ago(found["last_used"]) or "never"
    ask.agree(f"Revoke {found['name']} (last used {used})?", yes=yes)
    client.request("DELETE", path)
    opts.out.done({"id": key, "revoked": True}, f"key {found['name']} revoked")


app.command(rotation.rotate)
app.command(rotation.retire)
app.command(rotation.app)
