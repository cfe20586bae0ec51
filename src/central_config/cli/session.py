"""The options that commands share, and what they come to."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Group, Parameter

from central_config.cli import completers
from central_config.cli.client import Client, segment
from central_config.cli.errors import UsageError
from central_config.cli.output import Form, Output
from central_config.cli.targets import Target, resolve

SHARED = Group("Everywhere", sort_key=100)


Workspace = Annotated[
    str | None, Parameter(name=("--workspace", "-w"), completer=completers.workspaces)
]
Environment = Annotated[
    str | None, Parameter(name=("--env", "-e"), completer=completers.environments)
]


@Parameter(name="*", group=SHARED)
@dataclass(frozen=True, kw_only=True)
class Options:
    """What every command takes."""

    context: Annotated[str | None, Parameter(completer=completers.contexts)] = None
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

    workspace: Workspace = None
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

    environment: Environment = None
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


# A key, and the beginning of one, as arguments.
Key = Annotated[str, Parameter(completer=completers.keys)]

# Defaults of commands: what stands on the command line replaces them.
OPTIONS, IN_WORKSPACE, IN_ENVIRONMENT = Options(), InWorkspace(), InEnvironment()
