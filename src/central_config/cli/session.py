"""Where a command works and as whom: options first, then variables, then the saved context."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from central_config.cli import contexts, variables
from central_config.cli.client import Client, check_url, segment
from central_config.cli.contexts import Context
from central_config.cli.errors import UsageError
from central_config.cli.output import Form, Output

# Where `central-config serve` listens unless told otherwise.
DEFAULT_URL = "http://127.0.0.1:8000"

SHARED = Group("Everywhere", sort_key=100)


@dataclass(frozen=True)
class Target:
    """The server a command talks to and what it uses there."""

    url: str
    token: str | None
    workspace: str | None
    environment: str | None
    context: str | None


@Parameter(name="*", group=SHARED)
@dataclass(frozen=True, kw_only=True)
class Options:
    """What every command takes."""

    context: str | None = None
    """Saved context to use."""
    output: Annotated[Form, Parameter(name=("--output", "-o"))] = "table"
    """Form of the result."""

    @property
    def out(self) -> Output:
        """Where results go."""
        return Output(self.output)

    def target(self) -> Target:
        """Return where the command works, and as whom."""
        return resolve(self.context)

    def client(self) -> Client:
        """Return a client of the server in use."""
        target = self.target()
        return Client(target.url, target.token)


@Parameter(name="*", group=SHARED)
@dataclass(frozen=True, kw_only=True)
class InWorkspace(Options):
    """What every command takes that works in a workspace."""

    workspace: Annotated[str | None, Parameter(name=("--workspace", "-w"))] = None
    """Workspace."""

    def workspace_slug(self) -> str:
        """Return the workspace's slug.

        Raises:
            UsageError: nothing names one.
        """
        found = self.workspace or self.target().workspace
        if found is None:
            raise UsageError(
                "no workspace is named",
                "Give -w WORKSPACE, set CENTRAL_CONFIG_WORKSPACE, or `ccfg context use -w`.",
            )
        return found

    def workspace_path(self) -> str:
        """Return the address of the workspace."""
        return f"/workspaces/{segment(self.workspace_slug())}"


@Parameter(name="*", group=SHARED)
@dataclass(frozen=True, kw_only=True)
class InEnvironment(InWorkspace):
    """What every command takes that works in an environment."""

    environment: Annotated[str | None, Parameter(name=("--env", "-e"))] = None
    """Environment."""

    def environment_slug(self) -> str:
        """Return the environment's slug.

        Raises:
            UsageError: nothing names one.
        """
        found = self.environment or self.target().environment
        if found is None:
            raise UsageError(
                "no environment is named",
                "Give -e ENVIRONMENT, set CENTRAL_CONFIG_ENVIRONMENT, or `ccfg context use -e`.",
            )
        return found

    def environment_path(self) -> str:
        """Return the address of the environment's management."""
        return f"{self.workspace_path()}/environments/{segment(self.environment_slug())}"

    def config_path(self) -> str:
        """Return the address of the environment's values."""
        return f"/config/{segment(self.workspace_slug())}/{segment(self.environment_slug())}"


# Defaults of commands: what stands on the command line replaces them.
OPTIONS, IN_WORKSPACE, IN_ENVIRONMENT = Options(), InWorkspace(), InEnvironment()


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
