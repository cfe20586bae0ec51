"""central-config: one place for configuration, secrets and feature switches."""

__version__ = "0.1.0"
