"""Writes `docs/reference/cli.md` out of the definitions of the commands.

`python -m central_config.cli.reference` prints the page; with a file's name it writes it.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from central_config.cli.errors import EXIT_CODES
from central_config.cli.main import OPERATING_COMMANDS, SERVER_COMMANDS, TABLE, build
from central_config.cli.times import FORMS
from central_config.cli.variables import MEANING

PAGE = "docs/reference/cli.md"

_EVERYWHERE = re.compile(r"\*\*Everywhere\*\*:\n\n(?:\* .*\n?)+")

_INTRODUCTION = """\
<!-- Written by `python -m central_config.cli.reference {page}`; do not edit. -->

# Command line

The command is `central-config`, or `ccfg` for short. Results go to standard output; messages,
progress and warnings go to standard error. Every command that prints data takes `-o json` or
`-o yaml` (`--output`); without it the result is made for people and may change.

Options that many commands share:

| Option | Meaning |
| --- | --- |
| `--context NAME` | Saved context to use. |
| `--output FORM`, `-o` | Form of the result: `table`, `json` or `yaml`. |
| `--workspace SLUG`, `-w` | Workspace. |
| `--env SLUG`, `-e` | Environment. |

Options may stand before or after arguments; `--` ends them. Where an option is not given, the
environment variable counts, then the context in use (`ccfg context show` tells what it comes to). A
context named with `--context` wins over the variables. A saved token is sent only to the server it
was given by.

A moment is {forms}.

Control characters in values are shown as escapes and never sent to a terminal.
"""


def page() -> str:
    """Return the whole page."""
    text = "\n".join(_parts())
    # The generator leaves blank lines in bunches and blanks at the ends of lines.
    lines = [line.rstrip() for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _parts() -> Iterator[str]:
    yield _INTRODUCTION.format(page=PAGE, forms=FORMS)
    yield "## Exit codes\n"
    yield _table(("Code", "Meaning"), {f"`{code}`": said for code, said in EXIT_CODES.items()})
    yield "`ccfg run` ends with the exit code of its program (127: there is no such program).\n"
    yield "## Environment variables\n"
    yield _table(("Variable", "Meaning"), {f"`{name}`": said for name, said in MEANING.items()})
    yield "`SSL_CERT_FILE` names the certificates of an authority of your own.\n"
    sections = _sections()
    for title, commands in _groups().items():
        yield f"## {title}\n"
        for name in commands:
            yield _EVERYWHERE.sub(_shortened, sections[name])


def _groups() -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for command in (*TABLE, *SERVER_COMMANDS, *OPERATING_COMMANDS):
        groups.setdefault(str(command.group.name), []).append(command.name)
    return groups


def _sections() -> dict[str, str]:
    """Return what is said of each command, its subcommands included."""
    text = build().generate_docs(heading_level=2, max_heading_level=4)
    # The generator takes `-m module`, from how this program was started, for a part of some names.
    text = re.sub(r"^(ccfg [a-z ]+?) -m \S+", r"\1", text, flags=re.MULTILINE)
    # Everything before the first command is a table of contents.
    parts = re.split(r"^### ccfg ([a-z-]+)$", text, flags=re.MULTILINE)[1:]
    names, bodies = parts[::2], parts[1::2]
    return {name: f"### {name}\n{body}" for name, body in zip(names, bodies, strict=True)}


def _shortened(found: re.Match[str]) -> str:
    """Name the options that many commands share; what they mean is said once."""
    names = re.findall(r"\* `(--[a-z]+)", found.group())
    return f"Also: {', '.join(f'`{name}`' for name in names)}.\n"


def _table(head: tuple[str, str], rows: Mapping[str, str]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "| --- | --- |"]
    lines += [f"| {name} | {said} |" for name, said in rows.items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the page, or write it to the file that is named."""
    target = sys.argv[1] if len(sys.argv) > 1 else None
    if target is None:
        sys.stdout.write(page())
    else:
        Path(target).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
