"""Parts of values that something else fills in: `{{ host }}`, `${HOST}`, `%(host)s`.

What stands in them is a name, not a value: what the name is called says nothing of what it holds,
and the type of the whole is decided where it is filled in.
"""

import re

_PART = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\$\{[^}]*\}|%\([^)]*\)[sd]|\$\([^)]*\)", re.DOTALL)

_LONGEST = 2000


def templated(value: object) -> bool:
    """Tell whether all of a value is filled in elsewhere: it may become of any type."""
    return isinstance(value, str) and bool(value) and not fixed_part(value).strip()


def fixed_part(text: str) -> str:
    """Return a text without what is filled in; a long one as it is."""
    # Of brackets that are never closed each would be looked for to the end.
    return text if len(text) > _LONGEST else _PART.sub("", text)
