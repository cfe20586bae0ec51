# ruff: noqa: D417 - `opts` is described by its class
"""Signing in and out; who one is."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from central_config.cli import ask, contexts, variables
from central_config.cli.client import Client, check_url, is_private
from central_config.cli.contexts import Context, Contexts
from central_config.cli.errors import CliError, UsageError
from central_config.cli.output import details, say, warn
from central_config.cli.session import OPTIONS, Options
from central_config.cli.times import ago

if TYPE_CHECKING:
    from rich.table import Table


def login(
    url: str | None = None,
    /,
    *,
    username: str | None = None,
    password_stdin: bool = False,
    opts: Options = OPTIONS,
) -> None:
    """Sign in, and save the session as a context.

    The context is the one named with `--context`; otherwise the one in use if it has this address,
    else one named after the server. Programs use an API key instead: CENTRAL_CONFIG_TOKEN.

    Args:
        url: address of the server; by default the one in use.
        username: who you are; asked for otherwise.
        password_stdin: read the password from stdin instead of asking.
    """
    saved = contexts.load()
    address = check_url(url) if url is not None else _known_url(opts, saved)
    if not is_private(address):
        warn(f"{address} is not encrypted: others on the way can read your password")
    name = username or ask.text(f"User name at {address}: ")
    word = ask.password(f"Password of {name}: ", from_stdin=password_stdin)
    found = Client(address, None).post("/sessions", {"username": name, "password": word})
    label = opts.context or _label(saved, address)
    old = saved.contexts.get(label, Context(address))
    saved.contexts[label] = msgspec.structs.replace(
        old, url=address, token=found["token"], username=name, expires_at=found["expires_at"]
    )
    saved.current = label
    path = contexts.save(saved)
    # The token is in the file; it is never printed.
    shown = {"context": label, "url": address, "user": found["user"], "file": str(path)}
    opts.out.done(shown, f"signed in at {address} as {name} (context {label})")
    for name in (variables.URL, variables.TOKEN):
        if variables.read(name) is not None:
            warn(f"{name} is set and wins over this sign-in")
    if found["user"]["must_change_password"]:
        say("The password must be changed before anything else: ccfg passwd")


def _known_url(opts: Options, saved: Contexts) -> str:
    """Return the address to sign in at; a context that is yet to be made has none."""
    if opts.context is not None and opts.context not in saved.contexts:
        raise UsageError(f"there is no context {opts.context!r} yet", "Give the server's address.")
    return opts.target().url


def _label(saved: Contexts, url: str) -> str:
    current = saved.contexts.get(saved.current or "")
    if current is not None and saved.current and check_url(current.url) == url:
        return saved.current
    host = urlsplit(url).netloc
    return host if host not in saved.contexts or saved.contexts[host].url == url else url


def logout(*, opts: Options = OPTIONS) -> None:
    """End the session, here and on the server."""
    target, saved = opts.target(), contexts.load()
    if target.token is None:
        raise UsageError("you are not signed in")
    kept = saved.contexts.get(target.context or "")
    try:
        Client(target.url, target.token).request("DELETE", "/sessions/current")
    except CliError as error:
        warn(f"the server did not end the session: {error.message}")
    if kept is not None and target.context is not None and kept.token == target.token:
        saved.contexts[target.context] = msgspec.structs.replace(kept, token=None, expires_at=None)
        contexts.save(saved)
    opts.out.done({"url": target.url, "signed_in": False}, f"signed out at {target.url}")


def whoami(*, opts: Options = OPTIONS) -> None:
    """Show who you are and what you may do."""
    target = opts.target()
    found = Client(target.url, target.token).get("/me")
    opts.out.show(found, lambda: _me(found, target.url, target.context))


def _me(found: dict[str, Any], url: str, context: str | None) -> "Table":
    grants = "\n".join(
        f"{each['workspace'] or 'every workspace'}: {', '.join(each['permissions']) or 'nothing'}"
        for each in found["grants"]
    )
    from rich.text import Text  # noqa: PLC0415 - see `output`

    scope = found["scope"]
    reach = scope and ", ".join(
        [
            f"{scope['access']} {scope['workspace']}",
            "/".join(scope["environments"] or ["all environments"]),
            f"keys {scope['key_prefix']}*",
            "secrets in clear" if scope["secrets"] else "secrets masked",
        ]
    )
    return details(
        [
            ("server", url),
            ("context", context),
            ("name", f"{found['name']} ({found['kind']})"),
            ("email", found["user"] and found["user"]["email"]),
            ("until", found["expires_at"] and ago(found["expires_at"])),
            ("scope", reach),
            ("may", Text(grants) if grants else "nothing"),
            ("note", "change your password first" if found["must_change_password"] else None),
        ]
    )


def passwd(*, password_stdin: bool = False, opts: Options = OPTIONS) -> None:
    """Change your password; your other sessions end.

    Args:
        password_stdin: read two lines from stdin: the present password, then the new one.
    """
    client = opts.client()
    old = ask.password("Present password: ", from_stdin=password_stdin)
    new = ask.password("New password: ", from_stdin=password_stdin, confirm=True)
    client.post("/me/password", {"current_password": old, "new_password": new})
    opts.out.done({"changed": True}, "password changed")
