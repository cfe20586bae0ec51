"""Where a command works and as whom: options first, then variables, then the saved context."""

from dataclasses import dataclass
from pathlib import Path

from central_config.cli import contexts, variables
from central_config.cli.client import check_url
from central_config.cli.contexts import Context

# Where `central-config serve` listens unless told otherwise.
DEFAULT_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Target:
    """The server a command talks to and what it uses there."""

    url: str
    token: str | None
    workspace: str | None
    environment: str | None
    context: str | None


def resolve(context: str | None = None, place: Path | None = None) -> Target:
    """Return where to work.

    A context named on the command line wins over the variables. Otherwise a variable wins over the
    context; a saved token is sent only to the server it was given by.

    Raises:
        UsageError: the context does not exist.
    """
    saved = contexts.load(place)
    if context is not None:
        found = saved.find(context)
        return _target(found, context)
    name = variables.read(variables.CONTEXT) or saved.current
    chosen = Context(DEFAULT_URL) if name is None else saved.find(name)
    url = check_url(variables.read(variables.URL) or chosen.url)
    same = url == check_url(chosen.url)
    return Target(
        url=url,
        token=variables.read(variables.TOKEN) or (chosen.token if same else None),
        workspace=variables.read(variables.WORKSPACE) or chosen.workspace,
        environment=variables.read(variables.ENVIRONMENT) or chosen.environment,
        context=name if same else None,
    )


def _target(found: Context, name: str) -> Target:
    return Target(
        url=check_url(found.url),
        token=found.token,
        workspace=found.workspace or variables.read(variables.WORKSPACE),
        environment=found.environment or variables.read(variables.ENVIRONMENT),
        context=name,
    )
