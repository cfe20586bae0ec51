"""What packages write their configuration in, read as names and values."""

import re
import tomllib
from collections.abc import Callable, Mapping
from configparser import RawConfigParser
from typing import Any

import yaml


def read(form: str, text: str) -> Any:
    """Return what a file of that form holds."""
    return _READ[form](text)


def _yaml(text: str) -> Any:
    return yaml.load(text, Loader=yaml.CSafeLoader) or {}


def _ini(text: str) -> Any:
    """Return the sections of an INI file; lines before the first one are of `main`."""
    parser = RawConfigParser(
        allow_no_value=True,
        delimiters=("=",),
        comment_prefixes=("#", ";"),
        strict=False,
        default_section="",
    )
    parser.optionxform = str
    parser.read_string(f"[main]\n{text}")
    return {
        section: {name: _typed(value) for name, value in parser.items(section)}
        for section in parser.sections()
    }


def _airflow(text: str) -> Any:
    """Return the defaults of Airflow's description of its settings, by section."""
    loaded = _yaml(text)
    sections = (
        loaded
        if isinstance(loaded, list)
        else [{"name": name, **section} for name, section in loaded.items()]
    )
    found: dict[str, Any] = {}
    for section in sections:
        options = section["options"] or {}
        pairs = (
            options.items()
            if isinstance(options, dict)
            else ((option["name"], option) for option in options)
        )
        found[section["name"]] = {name: _typed(option.get("default")) for name, option in pairs}
    return found


def _ansible(text: str) -> Any:
    """Return the defaults of ansible's description of its settings."""
    return {
        name: _typed(option.get("default"))
        for name, option in _yaml(text).items()
        if isinstance(option, dict)
    }


def _typed(value: Any) -> Any:
    """Return a value of a form that only knows texts as the YAML it stands for."""
    if not isinstance(value, str):
        return value
    if value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value) if "." in value else int(value)
    return value


_READ: Mapping[str, Callable[[str], Any]] = {
    "yaml": _yaml,  # and JSON, which is YAML
    "toml": tomllib.loads,
    "ini": _ini,
    "airflow": _airflow,
    "ansible": _ansible,
}
