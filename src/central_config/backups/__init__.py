"""Backups: made, listed, verified by restoring them, and restored.

Start with `service`; `commands` are what an operator types.
"""
