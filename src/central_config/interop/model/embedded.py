"""Files inside a ConfigMap: `application.yml: |` taken apart into the keys it holds."""

from collections.abc import Callable, Iterator

from central_config.interop.model.guess import guess_format
from central_config.interop.model.terms import Arrays, Format, Leaf, ParseError, Reading, Remark

_EXPANDED = frozenset({Format.YAML, Format.JSON, Format.TOML, Format.PROPERTIES})


def expand(
    reading: Reading, read: Callable[[Format, str, Arrays], Reading], arrays: Arrays
) -> Reading:
    """Return the entries with embedded files replaced by what they hold.

    What is a file is told by the name (`.yml`, `.json`, `.toml`, `.properties`), which itself does
    not become part of the keys: an application does not see it either. A file that cannot be read
    stays text, with a remark.
    """
    remarks = list(reading.remarks)
    leaves = [leaf for outer in reading.leaves for leaf in _inside(outer, read, arrays, remarks)]
    return Reading(leaves, remarks)


def _inside(
    outer: Leaf,
    read: Callable[[Format, str, Arrays], Reading],
    arrays: Arrays,
    remarks: list[Remark],
) -> Iterator[Leaf]:
    name = outer.path[-1]
    format_ = guess_format(name, "") if "." in name else None
    if format_ is None or format_ not in _EXPANDED or not isinstance(outer.value, str):
        yield outer
        return
    try:
        reading = read(format_, outer.value, arrays)
        inner = list(reading.leaves)
    except ParseError as error:
        place = "" if error.line is None else f" its line {error.line}:"
        detail = f"The file cannot be taken apart and stays text:{place} {error.detail}"
        remarks.append(Remark("embedded-kept", outer.path, outer.line, detail))
        yield outer
        return
    remarks += [remark._replace(line=None) for remark in reading.remarks]
    for leaf in inner:
        line = "" if leaf.line is None else f", line {leaf.line}"
        yield Leaf(leaf.path, leaf.value, None, f"{name}{line}")
