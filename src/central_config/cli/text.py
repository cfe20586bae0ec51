"""Text that is safe to show on a terminal.

Values come from whoever may write configuration. An escape sequence in one could retitle a
terminal, hide lines or fake an answer, so control characters are shown, not sent.
"""

import re

# C0, DEL, C1, and the marks that reorder or hide text: zero-width, bidirectional, line separators.
_UNSAFE = "\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_IN_CELL = re.compile(f"[{_UNSAFE}]")
_IN_BLOCK = re.compile(f"(?![\\n\\t])[{_UNSAFE}]")
# JSON and YAML may hold these raw inside strings; both know the escape `\uXXXX` there.
_LATE = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _shown(found: re.Match[str]) -> str:
    character = found.group()
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")  # noqa: PLR2004


def safe_line(text: str) -> str:
    """Return the text on one line, control characters as visible escapes."""
    return _IN_CELL.sub(_shown, text)


def safe_block(text: str) -> str:
    """Return the text with its line ends and tabs, other control characters visible."""
    return _IN_BLOCK.sub(_shown, text)


def safe_json(text: str) -> str:
    """Return a JSON text with every control character escaped the JSON way."""
    return _LATE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
