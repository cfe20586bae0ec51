"""Fixtures of these tests; they live in a module that the tests of `audit` use too."""

from access_fixtures import (
    access,
    admin,
    client,
    clock,
    database,
    valkey,
    workspaces,
)

__all__ = [
    "access",
    "admin",
    "client",
    "clock",
    "database",
    "valkey",
    "workspaces",
]
