"""Values as they stand on a command line, in a file, or behind a prompt."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from central_config.cli import ask
from central_config.cli.errors import CliError, UsageError
from central_config.cli.output import value_text, warn

Kind = Literal["auto", "string", "json"]
# `-` alone begins with a hyphen too.
File = Annotated[str | None, Parameter(name=("--file", "-f"), allow_leading_hyphen=True)]

STDIN = "-"
LARGEST = 1024 * 1024  # bytes of a value; the server refuses more


def parse_value(text: str, kind: Kind = "auto") -> Any:  # noqa: ANN401 - any JSON
    """Return the value a text means.

    `string`: the text itself. `json`: what it is as JSON. `auto`: JSON where it is a number, true,
    false, null, an object or an array; any other text, a quoted one too, is a string as it stands.

    Raises:
        UsageError: it should be JSON and is not.
    """
    if kind == "string":
        return text
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError) as error:
        if kind == "json":
            raise UsageError(f"the value is not JSON: {error}") from None
        return text
    if kind == "json":
        return value
    if isinstance(value, str):
        return text
    if isinstance(value, float) and msgspec.json.encode(value).decode() != text:
        # A version (1.10) is a number by its looks; who meant one must not lose a zero unseen.
        warn(f"{text} is taken as the number {value_text(value)}; `--type string` keeps the text")
    return value


def read_value(text: str | None, file: str | None, kind: Kind, *, secret: bool) -> Any:  # noqa: ANN401
    """Return the value from the argument, a file or stdin; a secret's also from a prompt.

    Raises:
        UsageError: there is none, or more than one.
    """
    if text is not None and file is not None:
        raise UsageError("give the value or --file, not both")
    if file is not None:
        return parse_value(read_text(file), kind)
    if text is not None:
        if secret:
            warn(
                "a secret on the command line stays in the shell's history and the process list; "
                "leave it out to be asked, or pipe it in with --file -"
            )
        return parse_value(text, kind)
    if secret and sys.stdin.isatty():
        return parse_value(ask.hidden("Value: ", confirm=True), kind)
    hint = "Give VALUE or --file FILE (--file - reads stdin)."
    raise UsageError("there is no value", hint)


def read_text(file: str) -> str:
    """Return what a file holds, or stdin for `-`; one line end at the end of stdin is dropped.

    Raises:
        CliError: it cannot be read, or is not UTF-8.
    """
    try:
        if file == STDIN:
            text = sys.stdin.buffer.read().decode()
            return text.removesuffix("\n").removesuffix("\r")
        return Path(file).read_bytes().decode()
    except OSError as error:
        raise CliError(f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CliError(f"{file} is not UTF-8 text") from None


def parse_pair(text: str, kind: Kind = "auto") -> tuple[str, Any]:
    """Return key and value of `KEY=VALUE`.

    Raises:
        UsageError: there is no `=`.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(f"{text!r}: write KEY=VALUE")
    return key, parse_value(value, kind)
