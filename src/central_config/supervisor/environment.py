"""The environment variables children get."""

import os
from pathlib import Path

from pydantic import SecretStr

from central_config.core.settings import FILE_SUFFIX, Settings

# PGHOST, PGPORT, PGOPTIONS, PGDATA and their kin would lead our programs astray.
LIBPQ_PREFIX = "PG"


def own_environment() -> dict[str, str]:
    """Return our environment without PostgreSQL's variables."""
    inherited = os.environ.items()  # noqa: TID251 - handed on to children, not read as settings
    return {name: value for name, value in inherited if not name.startswith(LIBPQ_PREFIX)}


def runtime_directory() -> Path | None:
    """Return the user's directory for sockets ($XDG_RUNTIME_DIR), where the session has one."""
    place = os.environ.get("XDG_RUNTIME_DIR")  # noqa: TID251 - a fact about the session
    return Path(place) if place and os.access(place, os.W_OK) else None


def child_environment(settings: Settings, extra: dict[str, str]) -> dict[str, str]:
    """Return the environment in which a child reads the same settings, `extra` on top.

    Settings given as arguments (not by a variable) are handed on as variables. A secret that came
    from a file stays in its file.
    """
    environment = own_environment()
    for field in settings.model_fields_set:
        name, value = field.upper(), getattr(settings, field)
        if value is None or (isinstance(value, SecretStr) and name + FILE_SUFFIX in environment):
            continue
        environment[name] = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return environment | extra
