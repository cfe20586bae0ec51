"""From the names in a file to keys of this service, and the rules for names it cannot take over."""

import re

from central_config.interop.model.terms import Notice, ParseError

MAX_KEY = 512
"""Characters of a key."""

# `.` and `..` are left out although their characters are legal: HTTP clients and proxies fold them
# away in an address, so such a key could be written but never be read.
_SEGMENT = r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._-]+"
_key = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_illegal_run = re.compile(r"[^A-Za-z0-9._-]+")
_separator = re.compile(r"/|[._-]+")


class Namer:
    """Makes keys of paths, deterministically: the same path always becomes the same key.

    Args:
        prefix: a key under which everything is put; a slash at its end is allowed.
        separator: joins the names of nested maps: `/`, or e.g. `.` for keys of one segment.

    Raises:
        ParseError: the prefix or the separator is not made of what keys are made of.
    """

    def __init__(self, prefix: str, separator: str) -> None:
        prefix = prefix.removesuffix("/")
        if prefix and not is_key(prefix):
            raise ParseError("The prefix is not a key: use segments of A-Z a-z 0-9 . _ - and `/`.")
        if not _separator.fullmatch(separator):
            raise ParseError("The separator must be `/` or be made of `.`, `_` and `-`.")
        self._prefix = f"{prefix}/" if prefix else ""
        self._separator = separator
        self.notices: list[Notice] = []

    def key(self, path: tuple[str, ...], line: int | None = None) -> str:
        """Return the key of a path, and note where it had to differ from what the file says.

        A `/` inside a name divides segments. At the top of a file that is how keys of this service
        are written flat; deeper down (`nginx.ingress.kubernetes.io/rewrite-target`) it is noted.

        Raises:
            ParseError: the key would be too long.
        """
        joined = self._separator.join(path)
        plain = is_key("/".join(path)) and not any("/" in name for name in path)
        key = self._prefix + (joined if plain else self._repaired(path, line))
        if len(key) > MAX_KEY:
            raise ParseError(
                f"The key that begins with `{key[:60]}` has {len(key)} characters;"
                f" {MAX_KEY} are allowed.",
                line,
            )
        return key

    def _repaired(self, path: tuple[str, ...], line: int | None) -> str:
        segments: list[str] = []
        for name in path:
            segments += [_legal(part) for part in name.split("/") if part] or ["_"]
        key = self._separator.join(segments)
        if "/".join(segments) != "/".join(path):
            detail = f"{show(path)} holds what a key cannot; it became `{key}`."
            self.notices.append(Notice("key-renamed", self._prefix + key, line, detail))
        elif any("/" in name for name in path[1:]):
            detail = f"{show(path)} holds a `/`, which divides segments; it became `{key}`."
            self.notices.append(Notice("key-split", self._prefix + key, line, detail))
        return key


def is_key(text: str) -> bool:
    """Tell whether the text has the form of a key; its length is not looked at."""
    return _key.fullmatch(text) is not None


def show(path: tuple[str, ...]) -> str:
    """Return a path as a person reads it, shortened if it is long."""
    text = " > ".join(f"`{name}`" for name in path)
    return text if len(text) <= 200 else f"{text[:200]}..."  # noqa: PLR2004


def _legal(part: str) -> str:
    part = _illegal_run.sub("_", part)
    return part.replace(".", "_") if part in {".", ".."} else part
