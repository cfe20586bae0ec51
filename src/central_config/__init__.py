"""central-config: one place for configuration, secrets and feature switches."""

from importlib.metadata import version

__version__ = version("central-config")
