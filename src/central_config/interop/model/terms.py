"""The words of import and export: formats, entries, notices, and what the readers hand over."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

from central_config.core.json import JSON

MAX_DEPTH = 100
"""Levels of maps and lists a file may nest."""

MAX_ENTRIES = 200_000
"""Keys one file may hold, unless the caller says otherwise."""

MAX_NOTICES = 1_000
"""Notices one answer carries; what is beyond is counted in a last one."""

Arrays: TypeAlias = Literal["whole", "index"]


class Format(StrEnum):
    """A file format this service reads and writes."""

    ENV = "env"
    YAML = "yaml"
    JSON = "json"
    TOML = "toml"
    PROPERTIES = "properties"
    INI = "ini"
    CONFIGMAP = "configmap"


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of an imported file.

    Attributes:
        key: the key of this service, prefix included.
        value: its value.
        source: where it stood: `line 12`, or the path inside the file where lines are not known.
    """

    key: str
    value: JSON
    source: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know of an import or export that nevertheless succeeded.

    Attributes:
        code: what it is about, in kebab case; stable.
        key: the key of this service it concerns, or None for the whole file.
        line: the line of the imported file, from 1, where it is known.
        detail: a sentence. It never quotes a value, which may be a secret.
    """

    code: str
    key: str | None
    line: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file held: its entries in file order, and what was remarkable about it."""

    entries: list[Entry]
    notices: list[Notice]


class ParseError(Exception):
    """The file cannot be imported.

    Attributes:
        detail: why, in a sentence that names keys but never quotes values.
        line: from 1, where it is known.
        column: from 1, where it is known.
    """

    def __init__(self, detail: str, line: int | None = None, column: int | None = None) -> None:
        where = "" if line is None else f"line {line}: "
        super().__init__(where + detail)
        self.detail = detail
        self.line = line
        self.column = column


class Leaf(NamedTuple):
    """A value as a reader found it: `path` holds the names from the top, not yet made legal."""

    path: tuple[str, ...]
    value: JSON
    line: int | None = None
    source: str | None = None


class Remark(NamedTuple):
    """A notice of a reader, which knows paths but not yet keys."""

    code: str
    path: tuple[str, ...]
    line: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader hands over. `leaves` may be lazy, so that limits stop the work early."""

    leaves: Iterable[Leaf]
    remarks: list[Remark] = field(default_factory=list[Remark])


Rendered: TypeAlias = tuple[str, list[Notice]]
Values: TypeAlias = Mapping[str, JSON]
