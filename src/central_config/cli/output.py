"""How results look: tables for people, JSON and YAML for programs. Messages go to stderr."""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from central_config.cli.errors import CliError, ProblemError
from central_config.cli.text import safe_block, safe_json, safe_line

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

Form = Literal["table", "json", "yaml"]

MASK = "******"
# Characters of a value in a table; the other forms give all of it.
CELL = 300


class Output:
    """Prints results in the form that was asked for."""

    def __init__(self, form: Form) -> None:
        self.form = form

    @property
    def human(self) -> bool:
        """Whether a person reads the result."""
        return self.form == "table"

    def show(self, data: object, human: Callable[[], "RenderableType"]) -> None:
        """Print the data, or for people what `human` makes of it."""
        if self.form == "json":
            write(json_text(data))
        elif self.form == "yaml":
            write(yaml_text(data))
        else:
            stdout().print(human())

    def line(self, data: object, human: Callable[[], str]) -> None:
        """Print one thing of an endless stream at once: a line, or one JSON object a line."""
        if self.form == "json":
            text = safe_json(msgspec.json.encode(data).decode())
        elif self.form == "yaml":
            text = "---\n" + yaml_text(data).rstrip("\n")
        else:
            text = human()
        write(text + "\n")

    def done(self, data: object, message: str) -> None:
        """Say what was done: data for programs on stdout, a sentence for people on stderr."""
        if self.human:
            say(message)
        else:
            self.show(data, lambda: "")


def stdout() -> "Console":
    """Return the console of results; as wide as needed where nobody's terminal ends."""
    return _console(sys.stdout)


def stderr() -> "Console":
    """Return the console of messages."""
    return _console(sys.stderr)


def _console(file: Any) -> "Console":  # noqa: ANN401 - a text stream
    from rich.console import Console  # noqa: PLC0415 - raw output must start fast

    width = None if file.isatty() else 10_000
    return Console(file=file, width=width, highlight=False, markup=False, emoji=False)


def write(text: str) -> None:
    """Print a text to stdout as it is; on a terminal without what could control it."""
    sys.stdout.write(safe_block(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def say(message: str) -> None:
    """Tell the person something, beside the result."""
    sys.stderr.write(safe_block(message) + "\n")


def warn(message: str) -> None:
    """Tell the person something that may be wrong."""
    say(f"warning: {message}")


def report(error: CliError, form: Form) -> None:
    """Print why a command failed."""
    if isinstance(error, ProblemError) and form != "table":
        text = yaml_text(error.document) if form == "yaml" else json_text(error.document)
        sys.stderr.write(text)
        return
    lines = [f"error: {safe_line(error.message)}"]
    if isinstance(error, ProblemError):
        lines += _places(error)
    if error.hint:
        lines.append(f"  hint: {error.hint}")
    if isinstance(error, ProblemError):
        told = [("code", error.problem), ("request id", error.document.get("request_id"))]
        lines.append("  " + ", ".join(f"{name} {safe_line(str(it))}" for name, it in told if it))
    sys.stderr.write("\n".join(line for line in lines if line.strip()) + "\n")


def _places(error: ProblemError) -> list[str]:
    places: list[dict[str, Any]] = error.document.get("errors") or []
    return [
        safe_line(f"  {place.get('pointer') or '/'}: {place.get('detail', '')}") for place in places
    ]


def json_text(data: object) -> str:
    """Return the data as JSON for people and programs."""
    encoded = msgspec.json.encode(data)
    return safe_json(msgspec.json.format(encoded, indent=2).decode()) + "\n"


def yaml_text(data: object) -> str:
    """Return the data as YAML that readers of 1.1 and 1.2 understand alike."""
    from central_config.interop.model.yaml_writer import dump  # noqa: PLC0415 - only this form pays

    return dump(msgspec.to_builtins(data)).removesuffix("...\n")


def value_text(value: object) -> str:
    """Return a value as it stands in a cell: a string plain, unless it reads like other JSON."""
    if isinstance(value, str) and reads_plain(value):
        return _cut(safe_line(value))
    return typed_text(value)


def reads_plain(text: str) -> bool:
    """Tell whether a string shown without quotes cannot be taken for a number, true or null."""
    if not text or text != text.strip():
        return False
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError):
        return True
    return False


def typed_text(value: object) -> str:
    """Return a value as JSON, shortened for a cell."""
    return _cut(safe_json(msgspec.json.encode(value).decode()))


def _cut(text: str) -> str:
    return text if len(text) <= CELL else f"{text[:CELL]}... ({len(text)} characters)"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> "Table":
    """Return a table; a cell is a text or a renderable, None stays empty."""
    from rich.table import Table  # noqa: PLC0415 - see above
    from rich.text import Text  # noqa: PLC0415

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        made.add_column(name.upper(), overflow="fold")
    for row in rows:
        cells = [
            cell if isinstance(cell, Text) else Text("" if cell is None else safe_line(str(cell)))
            for cell in row
        ]
        made.add_row(*cells)
    return made


def details(pairs: Iterable[tuple[str, object]]) -> "Table":
    """Return names and values of one thing, one a line; what is None is left out."""
    from rich.table import Table  # noqa: PLC0415 - see above
    from rich.text import Text  # noqa: PLC0415

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs:
        if value is not None:
            shown = value if isinstance(value, Text) else Text(safe_line(str(value)))
            made.add_row(f"{name}:", shown)
    return made
