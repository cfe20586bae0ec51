"""INI files: `[section]` and option become `section/option`. Every value is text."""

import configparser
import re
from collections.abc import Iterator
from typing import cast

from typing_extensions import override

from central_config.core.json import JSON
from central_config.interop.model.flat import as_text, refuse_long_blanks, untyped
from central_config.interop.model.terms import (
    Arrays,
    Leaf,
    Notice,
    ParseError,
    Reading,
    Remark,
    Rendered,
    Values,
)

_TOP = "\0"  # the section of options that stand above every section
_interpolation = re.compile(r"%\(\w+\)s")


class _Parser(configparser.RawConfigParser):
    """The standard parser with its surprises off: no interpolation, no defaults, no lower case."""

    def __init__(self) -> None:
        super().__init__(
            default_section="\1",  # so that [DEFAULT] is a section like others
            allow_no_value=True,
            empty_lines_in_values=False,
            strict=True,
            interpolation=None,
        )

    @override
    def optionxform(self, optionstr: str) -> str:
        """Return the option as it is written."""
        return optionstr


def read(text: str, _arrays: Arrays) -> Reading:
    """Return the options. `[DEFAULT]` is kept as a section; what it means elsewhere is noted.

    Raises:
        ParseError: a line is neither section, option nor comment, or something occurs twice.
    """
    refuse_long_blanks(text)
    parser = _Parser()
    try:
        parser.read_string(f"[{_TOP}]\n{text}")
    except configparser.DuplicateSectionError as error:
        raise ParseError(
            f"The section `[{error.section}]` occurs twice.", _at(error.lineno)
        ) from None
    except configparser.DuplicateOptionError as error:
        where = "" if error.section == _TOP else f" in `[{error.section}]`"
        raise ParseError(f"`{error.option}` occurs twice{where}.", _at(error.lineno)) from None
    except configparser.ParsingError as error:  # its own text quotes the line
        raise ParseError("The line is no `option = value`.", _at(error.errors[0][0])) from None
    remarks: list[Remark] = []
    return Reading(list(_leaves(parser, text, remarks)), remarks)


def _at(line: int | None) -> int | None:
    return None if line is None else line - 1  # one for the section we put on top


def _leaves(parser: _Parser, text: str, remarks: list[Remark]) -> Iterator[Leaf]:
    for section in parser.sections():
        # The stubs do not know that an option without `=` has no value.
        options = cast("list[tuple[str, str | None]]", parser.items(section))
        if section == "DEFAULT" and options:
            detail = "Other readers let every section inherit `[DEFAULT]`; here it is a section."
            remarks.append(Remark("ini-default", ("DEFAULT",), None, detail))
        for option, value in options:
            # Without `=` an option is a switch. A line of several words is rather a mistake.
            if value is None and len(option.split()) > 1:
                raise ParseError("The line is no `option = value`.", _line_of(option, text))
            yield _leaf(section, option, value, remarks)


def _leaf(section: str, option: str, value: str | None, remarks: list[Remark]) -> Leaf:
    path = (option,) if section == _TOP else (*section.split("/"), option)
    source = option if section == _TOP else f"[{section}] {option}"
    if value is not None and _interpolation.search(value):
        detail = "It holds `%(name)s`, which other readers expand; it is kept as text."
        remarks.append(Remark("ini-interpolation", path, None, detail))
    return Leaf(path, value, None, source)


def _line_of(content: str, text: str) -> int | None:
    stripped = (line.strip() for line in text.split("\n"))
    return next((number for number, line in enumerate(stripped, 1) if line == content), None)


def render(values: Values) -> Rendered:
    """Return the keys as options; all segments but the last are the section."""
    notices = untyped({key: value for key, value in values.items() if value is not None})
    sections: dict[str, list[str]] = {"": []}
    for key, value in values.items():
        section, _, option = key.rpartition("/")
        line = _line(option, value)
        if line is None:
            detail = f"`{key}` is left out: INI has no notation for its blanks or lines."
            notices.append(Notice("ini-skipped", key, None, detail))
        else:
            sections.setdefault(section, []).append(line)
    top = sections.pop("")
    if top:
        detail = (
            f"{len(top)} keys of one segment stand above every section; some readers refuse that."
        )
        notices.append(Notice("ini-no-section", None, None, detail))
    blocks = ["".join(top)] if top else []
    blocks += [f"[{name}]\n" + "".join(lines) for name, lines in sections.items()]
    return "\n".join(blocks), notices


def _line(option: str, value: JSON) -> str | None:
    if value is None:
        return f"{option}\n"
    lines = as_text(value).split("\n")
    if lines == [""]:
        return f"{option} =\n"
    if all(_representable(line) for line in lines):
        return f"{option} = " + "\n    ".join(lines) + "\n"
    return None


def _representable(line: str) -> bool:
    return bool(line) and line == line.strip() and "\r" not in line and line[0] not in "#;"
