"""The environment variables the command line listens to.

They belong to the person's shell, not to the server, so they are not in `core.settings`.
"""

import os
from collections.abc import Mapping

URL = "CENTRAL_CONFIG_URL"
TOKEN = "CENTRAL_CONFIG_TOKEN"  # noqa: S105 - the variable's name
WORKSPACE = "CENTRAL_CONFIG_WORKSPACE"
ENVIRONMENT = "CENTRAL_CONFIG_ENVIRONMENT"
CONTEXT = "CENTRAL_CONFIG_CONTEXT"

MEANING: Mapping[str, str] = {
    URL: "Address of the server, e.g. `https://config.example.org`.",
    TOKEN: "API key or session token; keeps it out of files and of the process list.",
    WORKSPACE: "Workspace where `--workspace` is not given.",
    ENVIRONMENT: "Environment where `--env` is not given.",
    CONTEXT: "Saved context where `--context` is not given.",
}


def read(name: str) -> str | None:
    """Return a variable; None when it is unset or empty."""
    return os.environ.get(name) or None  # noqa: TID251 - the caller's shell, not our settings


def everything() -> dict[str, str]:
    """Return a copy of the whole environment, for a child process."""
    return dict(os.environ)  # noqa: TID251 - handed on, not read
