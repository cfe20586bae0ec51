"""Which format is it? By the file's name first, by its looks if the name says nothing."""

import re
import tomllib
from pathlib import PurePosixPath

from central_config.interop.model.terms import Format

_SUFFIXES = {
    ".yaml": Format.YAML, ".yml": Format.YAML, ".json": Format.JSON, ".toml": Format.TOML,
    ".properties": Format.PROPERTIES, ".ini": Format.INI, ".cfg": Format.INI, ".env": Format.ENV,
}  # fmt: skip
_LOOKED_AT = 65_536
"""Characters at the start of the text that are looked at."""

_configmap = re.compile(
    r"""^[ \t]*["']?kind["']?[ \t]*:[ \t]*["']?ConfigMap["']?[ \t]*,?[ \t\r]*$""", re.MULTILINE
)
_configmap_inline = re.compile(r'\{\s*(?:"[^"]*"\s*:\s*"[^"]*"\s*,\s*)*"kind"\s*:\s*"ConfigMap"')
_section = re.compile(r"^[ \t]*\[[^\]\n]+\][ \t\r]*$", re.MULTILINE)
_variable = re.compile(r"\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*=")
_property = re.compile(r"\s*[\w.\[\]/-]+\s*[=:]")
_member = re.compile(r"""\s*(?:- |["']?[^\s#"'][^#:"']*["']?\s*:(?:\s|$))""")


def guess_format(filename: str, text: str) -> Format | None:
    """Return the format a file is in, or None if neither name nor text tells.

    Args:
        filename: its name or path; may be empty.
        text: its content, or the beginning of it.
    """
    text = text[:_LOOKED_AT].removeprefix("\ufeff")
    found = _by_name(PurePosixPath(filename.replace("\\", "/")).name.lower()) or _by_looks(text)
    if found in {Format.YAML, Format.JSON} and _is_configmap(text):
        return Format.CONFIGMAP
    return found


def _by_name(name: str) -> Format | None:
    if name == ".env" or name.startswith((".env.", "env.")):
        return Format.ENV
    return _SUFFIXES.get(PurePosixPath(name).suffix)


def _is_configmap(text: str) -> bool:
    return bool(_configmap.search(text) or _configmap_inline.search(text))


def _by_looks(text: str) -> Format | None:
    if text.lstrip().startswith("{"):
        return Format.JSON
    lines = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] not in "#;!"]
    if not lines:
        return None
    if _section.search(text) and not _member.match(lines[0]):
        return Format.TOML if _is_toml(text) else Format.INI
    if lines[0].startswith("---") or _member.match(lines[0]):
        return Format.YAML
    return _by_assignment(lines[0], text)


def _by_assignment(line: str, text: str) -> Format | None:
    if _variable.match(line):
        return Format.ENV
    if not _property.match(line):
        return None
    return Format.TOML if " = " in line and _is_toml(text) else Format.PROPERTIES


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
