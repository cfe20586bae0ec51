"""Saved contexts: which server, as whom, which workspace and environment by default.

They live in `contexts.json` in the user's configuration directory, readable by the user alone.
"""

import os
import stat
import tempfile
from pathlib import Path

import msgspec

from central_config.cli.errors import CliError, UsageError

FILE = "contexts.json"
PRIVATE = 0o600


class Context(msgspec.Struct, frozen=True, omit_defaults=True):
    """One server and what is meant there unless said otherwise."""

    url: str
    token: str | None = None
    username: str | None = None
    expires_at: str | None = None
    workspace: str | None = None
    environment: str | None = None


class Contexts(msgspec.Struct, omit_defaults=True):
    """All saved contexts and the one in use."""

    current: str | None = None
    contexts: dict[str, Context] = {}

    def find(self, name: str) -> Context:
        """Return a context.

        Raises:
            UsageError: there is none of that name.
        """
        found = self.contexts.get(name)
        if found is None:
            raise UsageError(f"there is no context {name!r}", "See `ccfg context list`.")
        return found


def directory() -> Path:
    """Return where the command line keeps its files."""
    from platformdirs import user_config_path  # noqa: PLC0415 - only commands that need it pay

    return user_config_path("central-config", appauthor=False)


def load(place: Path | None = None) -> Contexts:
    """Return the saved contexts; none when nothing was saved.

    Raises:
        CliError: the file is damaged, or others may read the tokens in it.
    """
    path = (place or directory()) / FILE
    try:
        data = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return Contexts()
    except OSError as error:
        raise CliError(f"cannot read {path}: {error.strerror}") from None
    if os.name == "posix" and mode & 0o077:
        raise CliError(
            f"{path} can be read by others (mode {mode:04o}), and it may hold tokens",
            hint=f"Run `chmod 600 {path}`, and sign in again if somebody may have read it.",
        )
    try:
        return msgspec.json.decode(data, type=Contexts)
    except msgspec.MsgspecError as error:
        hint = "Correct it, or delete it and sign in again."
        raise CliError(f"{path} is damaged: {error}", hint=hint) from None


def save(contexts: Contexts, place: Path | None = None) -> Path:
    """Write the contexts, whole or not at all, for the user's eyes only; return the file."""
    target = place or directory()
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = target / FILE
    # mkstemp makes the file with mode 0600, before there is anything in it to read.
    descriptor, temporary = tempfile.mkstemp(dir=target, prefix=f".{FILE}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(contexts), indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
