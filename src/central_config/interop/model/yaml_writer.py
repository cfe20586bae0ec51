"""Writing YAML that readers of 1.1 and of 1.2 understand alike."""

from collections.abc import Callable
from typing import TypeAlias, cast

import yaml
from typing_extensions import override
from yaml import CSafeDumper

from central_config.core.json import JSON
from central_config.interop.model.scalars import is_text
from central_config.interop.model.terms import Rendered, Values
from central_config.interop.model.tree import build

_Represent: TypeAlias = Callable[[str, str, str | None], yaml.ScalarNode]


def render(values: Values) -> Rendered:
    """Return the keys as nested YAML."""
    tree, notices = build(values)
    return dump(tree), notices


def dump(tree: JSON) -> str:
    """Return one YAML document in block style, names in the order given."""
    return yaml.dump(
        tree,
        Dumper=_Dumper,
        allow_unicode=True,
        default_flow_style=False,
        sort_keys=False,
        width=-1,  # never fold a line: a folded password is a support case
    )


class _Dumper(CSafeDumper):
    """The safe dumper, with our rule for what needs quotes."""

    @override
    def ignore_aliases(self, data: object) -> bool:
        """Write shared values out: not every reader follows anchors."""
        return True


def _represent_text(dumper: CSafeDumper, text: str) -> yaml.ScalarNode:
    style = None  # PyYAML then quotes what YAML 1.1 would misread, and what needs it by syntax
    if "\n" in text:
        style = "|" if _is_block(text) else '"'
    elif not is_text(text):
        style = "'"
    represent = cast("_Represent", dumper.represent_scalar)
    return represent("tag:yaml.org,2002:str", text, style)


def _is_block(text: str) -> bool:
    """Tell whether `|` writes the text exactly: no indented start, no blanks at the ends of lines.

    The rest is written in double quotes, which can hold everything.
    """
    lines = text.split("\n")
    return not lines[0][:1].isspace() and all(
        line.isprintable() and line == line.rstrip() for line in lines
    )


_Dumper.add_representer(str, _represent_text)
