# ruff: noqa: D417 - `opts` is described by its class
"""Writing values: set, rm, status."""

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from central_config.cli.client import Client, key_path
from central_config.cli.commands.shared import write_result
from central_config.cli.errors import ProblemError, UsageError
from central_config.cli.session import IN_ENVIRONMENT, InEnvironment, Key
from central_config.cli.values import File, Kind, read_value

Message = Annotated[str, Parameter(name=("--message", "-m"))]


def set_(  # noqa: PLR0913 - the options of a command
    key: Key,
    value: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    /,
    *,
    type: Kind = "auto",  # noqa: A002 - the option's name
    file: File = None,
    secret: bool = False,
    description: str | None = None,
    message: Message = "",
    create: bool = False,
    if_revision: int | None = None,
    force: bool = False,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> None:
    """Write a value.

    With `--type auto` a text that is a JSON number, `true`, `false`, `null`, an object or an array
    is taken as that; any other text is a string as it stands. `--type string` takes every text as
    a string, `--type json` wants JSON (`'"5"'` is then the string 5). `${key}` and
    `${env:slug/key}` inside a string are references; `$${` is a literal `${`.

    A value that somebody else changed meanwhile is not overwritten: the revision is read first and
    sent along. `--if-revision` names the revision you looked at yourself; `--force` overwrites
    whatever is there.

    Args:
        key: the key.
        value: the value; left out with `--file`, or with `--secret` to be asked for it.
        type: how the text is read.
        file: take the value from a file; `-` is stdin.
        secret: make the key a secret, for good.
        description: what the key is for, in all environments.
        message: why.
        create: refuse if the key is served already.
        if_revision: refuse if the key changed after this revision.
        force: overwrite whatever is there.
    """
    if sum((create, force, if_revision is not None)) > 1:
        raise UsageError("--create, --force and --if-revision exclude each other")
    path = f"{opts.config_path()}/{key_path(key)}"
    body: dict[str, Any] = {"value": read_value(value, file, type, secret=secret)}
    body |= {"message": message, "secret": secret}
    if description is not None:
        body["description"] = description
    client = opts.client()
    headers = {"If-None-Match": "*"} if create else _match(client, path, if_revision, force=force)
    answer = client.request("PUT", path, body=body, headers=headers)
    write_result(opts.out, answer.status, answer.body, key)


def rm(
    key: Key,
    /,
    *,
    message: Message = "",
    if_revision: int | None = None,
    force: bool = False,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> None:
    """Remove the environment's own value; what a parent holds shows again.

    To stop serving a key that a parent holds, use `status KEY archived`.

    Args:
        key: the key.
        message: why.
        if_revision: refuse if the key changed after this revision.
        force: remove whatever is there.
    """
    path = f"{opts.config_path()}/{key_path(key)}"
    client = opts.client()
    headers = _match(client, path, if_revision, force=force)
    params = {"message": message}
    answer = client.request("DELETE", path, params=params, headers=headers)
    write_result(opts.out, answer.status, answer.body, key)


def status(
    key: Key,
    status: Literal["active", "deprecated", "archived"],
    /,
    *,
    message: Message = "",
    if_revision: int | None = None,
    force: bool = False,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> None:
    """Deprecate, archive or reactivate a value the environment itself holds.

    Args:
        key: the key.
        status: deprecated is served with a notice; archived is not served, though a parent has it.
        message: why.
        if_revision: refuse if the key changed after this revision.
        force: whatever is there.
    """
    path = f"{opts.config_path()}/{key_path(key)}"
    client = opts.client()
    headers = _match(client, path, if_revision, force=force)
    body = {"status": status, "message": message}
    answer = client.request("PATCH", path, body=body, headers=headers)
    write_result(opts.out, answer.status, answer.body, f"{key} {status}")


def _match(client: Client, path: str, revision: int | None, *, force: bool) -> dict[str, str]:
    """Return what makes the server refuse if the key changed meanwhile.

    It is the workspace's revision that is sent, not the key's own: a value that was removed here
    and is inherited now changed later than the parent's value that is served.
    """
    if force:
        return {"If-Match": "*"}
    if revision is None:
        try:
            answer = client.request("GET", path)
        except ProblemError as problem:
            if problem.problem != "key-not-found":
                raise
            return {}
        revision = int(answer.headers["Config-Revision"])
    return {"If-Match": f'"{revision}"'}
