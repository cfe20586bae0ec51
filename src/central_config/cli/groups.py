"""What all commands have in common for their parser: how options are shown and negated."""

from cyclopts import App, Parameter


def _shown_default(value: object) -> str | None:
    """Return a default as the help shows it; that a switch is off needs no word."""
    return str(value) if value else None


# `--no-yes` and `--empty-key` would only be noise.
DEFAULTS = Parameter(negative=(), show_default=_shown_default)


def group(name: str, summary: str) -> App:
    """Return an empty group of commands."""
    return App(name=name, help=summary, help_format="markdown", default_parameter=DEFAULTS)
