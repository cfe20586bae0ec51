"""Questions to the person at the keyboard: passwords, yes or no, a name to type."""

import getpass
import sys

from central_config.cli.errors import CliError, UsageError


def text(question: str) -> str:
    """Return what the person types.

    Raises:
        UsageError: there is nobody to ask.
    """
    _somebody(question)
    sys.stderr.write(question)
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        raise CliError("no answer was given")
    return answer.strip()


def hidden(question: str, *, confirm: bool = False) -> str:
    """Return what the person types without showing it; asked twice with `confirm`.

    Raises:
        CliError: the two differ.
    """
    _somebody(question)
    answer = getpass.getpass(question, stream=sys.stderr)
    if confirm and getpass.getpass("Again: ", stream=sys.stderr) != answer:
        raise CliError("the two are not the same; nothing was done")
    return answer


def password(question: str, *, from_stdin: bool, confirm: bool = False) -> str:
    """Return a password: the first line of stdin, or asked for."""
    if not from_stdin:
        return hidden(question, confirm=confirm)
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise UsageError("--password-stdin was given, but stdin holds no password")
    return line


def agree(question: str, *, yes: bool) -> None:
    """Go on only if the person agrees; `yes` agrees beforehand.

    Raises:
        CliError: they do not.
    """
    if yes:
        return
    if text(f"{question} [y/N] ").lower() not in {"y", "yes"}:
        raise CliError("nothing was done")


def type_name(what: str, name: str, *, yes: bool) -> None:
    """Go on only if the person types the name: for what cannot be taken back.

    Raises:
        CliError: they type something else.
    """
    if yes:
        return
    if text(f"{what}\nType {name} to go on: ") != name:
        raise CliError("that is not the name; nothing was done")


def _somebody(question: str) -> None:
    if not sys.stdin.isatty():
        asked = question.strip().splitlines()[-1]
        hint = "Answer beforehand: `--yes`, or `--password-stdin` for a password."
        raise UsageError(f"there is no terminal to ask on: {asked}", hint)
