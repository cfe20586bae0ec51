"""How these commands print: lines for people, JSON for programs."""

import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

Form = Annotated[Literal["table", "json"], Parameter(name=("--output", "-o"))]

# How such a command ends.
WELL, NOT_WELL, REFUSED, UNKNOWN = 0, 1, 2, 3


def write_json(data: object) -> None:
    """Print data to stdout."""
    text = msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
    sys.stdout.write(text + "\n")


def write_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table to stdout; as wide as needed where nobody's terminal ends."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        table.add_column(name.upper(), overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    width = None if sys.stdout.isatty() else 10_000
    Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False).print(table)


def say(message: str) -> None:
    """Tell the person something, beside the result."""
    sys.stderr.write(message + "\n")
