"""Parts of values that something else fills in: `{{ host }}`, `${HOST}`, `%(host)s`.

What stands in them is a name, not a value: what the name is called says nothing of what it holds,
and the type of the whole is decided where it is filled in.
"""

import re

_PART = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\$\{[^}]*\}|%\([^)]*\)[sd]|\$\([^)]*\)", re.DOTALL)


def templated(value: object) -> bool:
    """Tell whether all of a value is filled in elsewhere: it may become of any type."""
    return isinstance(value, str) and bool(value) and not fixed_part(value).strip()


def fixed_part(text: str) -> str:
    """Return a text without what is filled in."""
    return _PART.sub("", text)
