"""Reading and writing configuration files: the doors of this package, `parse` and `render`."""

from collections.abc import Callable, Mapping
from typing import Literal

from central_config.core.json import JSON, encode
from central_config.interop.model import (
    configmap,
    env_text,
    ini_text,
    json_text,
    properties_text,
    toml_text,
    yaml_reader,
    yaml_writer,
)
from central_config.interop.model.embedded import expand
from central_config.interop.model.guess import guess_format
from central_config.interop.model.naming import Namer, show
from central_config.interop.model.references import escape
from central_config.interop.model.terms import (
    MAX_ENTRIES,
    MAX_NOTICES,
    Arrays,
    Entry,
    Format,
    Leaf,
    Notice,
    Parsed,
    ParseError,
    Reading,
    Rendered,
    Values,
)

__all__ = [
    "Entry", "Format", "Notice", "ParseError", "Parsed", "guess_format", "parse", "render",
]  # fmt: skip

_READERS: Mapping[Format, Callable[[str, Arrays], Reading]] = {
    Format.ENV: env_text.read,
    Format.YAML: yaml_reader.read,
    Format.JSON: json_text.read,
    Format.TOML: toml_text.read,
    Format.PROPERTIES: properties_text.read,
    Format.INI: ini_text.read,
    Format.CONFIGMAP: configmap.read,
}
_WRITERS: Mapping[Format, Callable[[Values], Rendered]] = {
    Format.ENV: env_text.render,
    Format.YAML: yaml_writer.render,
    Format.JSON: json_text.render,
    Format.TOML: toml_text.render,
    Format.PROPERTIES: properties_text.render,
    Format.INI: ini_text.render,
}


def parse(  # noqa: PLR0913 - one call with its options, all but two by name
    text: str,
    format: Format,  # noqa: A002 - the word for it
    *,
    prefix: str = "",
    separator: str = "/",
    references: Literal["escape", "keep"] = "escape",
    arrays: Arrays = "whole",
    embedded: Literal["keep", "expand"] = "keep",
    max_entries: int = MAX_ENTRIES,
) -> Parsed:
    """Return what a file holds, as keys and values of this service.

    Args:
        text: the file.
        format: what it is written in.
        prefix: a key under which everything is put, e.g. `shop`.
        separator: joins the names of nested maps. With `.` a key is one dotted segment, and
            `.properties` names stay as they are.
        references: `escape` takes `${...}` as text of the file (`$${...}`), `keep` as references
            of this service.
        arrays: `whole` makes a list one value, `index` gives every element its own key.
        embedded: `expand` takes files inside a ConfigMap (`application.yml: |`) apart into keys.
        max_entries: more keys than these are refused.

    Raises:
        ParseError: the file is malformed, ambiguous, too large, or two names become one key.
    """
    reading = _read(format, text.removeprefix("\ufeff"), arrays)
    if embedded == "expand" and format is Format.CONFIGMAP:
        reading = expand(reading, _read, arrays)
    namer = Namer(prefix, separator)
    places: dict[str, Leaf] = {}
    entries: list[Entry] = []
    escaped: list[Notice] = []
    for leaf in reading.leaves:
        key = namer.key(leaf.path, leaf.line)
        other = places.setdefault(key, leaf)
        if other is not leaf:
            raise _collision(key, other, leaf)
        if len(entries) >= max_entries:
            raise ParseError(f"The file holds more than {max_entries} keys.", leaf.line)
        value, count = (leaf.value, 0) if references == "keep" else escape(leaf.value)
        if count:
            escaped.append(_escaped(key, leaf.line, count))
        _refuse_half_characters(value, leaf)
        entries.append(Entry(key, value, _source(leaf)))
    renamed = list(namer.notices)  # before remarks are named, which would note the same names again
    remarked = [
        Notice(remark.code, namer.key(remark.path), remark.line, remark.detail)
        for remark in reading.remarks
    ]
    return Parsed(entries, _bounded(renamed + remarked + escaped))


def render(
    values: Mapping[str, JSON],
    format: Format,  # noqa: A002 - the word for it
    *,
    name: str = "central-config",
    namespace: str | None = None,
) -> tuple[str, list[Notice]]:
    """Return a file with the values, and what was remarkable: names changed, keys left out.

    Args:
        values: by key, resolved; they are written as they are, in the order given.
        format: what to write.
        name: of the ConfigMap.
        namespace: of the ConfigMap; left to the cluster if None.

    Raises:
        ValueError: the name or namespace is none that Kubernetes accepts.
    """
    if format is Format.CONFIGMAP:
        text, notices = configmap.render(values, name, namespace)
    else:
        text, notices = _WRITERS[format](values)
    return text, _bounded(notices)


def _read(format_: Format, text: str, arrays: Arrays) -> Reading:
    return _READERS[format_](text, arrays)


def _source(leaf: Leaf) -> str:
    if leaf.line is not None:
        return f"line {leaf.line}"
    return leaf.source or ".".join(leaf.path)


def _collision(key: str, first: Leaf, second: Leaf) -> ParseError:
    def described(leaf: Leaf) -> str:
        return show(leaf.path) + (f" (line {leaf.line})" if leaf.line is not None else "")

    return ParseError(
        f"{described(first)} and {described(second)} would both become the key `{key}`.",
        second.line,
    )


def _escaped(key: str, line: int | None, count: int) -> Notice:
    times = "once" if count == 1 else f"{count} times"
    detail = f"`${{` occurs {times} and was kept as text; here it would be a reference to a key."
    return Notice("reference-escaped", key, line, detail)


def _refuse_half_characters(value: JSON, leaf: Leaf) -> None:
    """Refuse half a surrogate pair, which JSON escapes can write and UTF-8 cannot."""
    if value is None or isinstance(value, bool | int | float):
        return
    try:
        value.encode() if isinstance(value, str) else encode(value)
    except UnicodeEncodeError:
        raise ParseError(f"{show(leaf.path)} holds half a surrogate pair.", leaf.line) from None


def _bounded(notices: list[Notice]) -> list[Notice]:
    if len(notices) <= MAX_NOTICES:
        return notices
    more = len(notices) - MAX_NOTICES
    detail = f"There are {more} more notices."
    return [*notices[:MAX_NOTICES], Notice("more-notices", None, None, detail)]
