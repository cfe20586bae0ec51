"""Fixtures of these tests; they live in a module that the tests of `audit` use too."""

from access_fixtures import (
    access,
    admin,
    anyio_backend,
    client,
    clock,
    database,
    postgres,
    server_place,
    template,
    valkey,
    workspaces,
)

__all__ = [
    "access",
    "admin",
    "anyio_backend",
    "client",
    "clock",
    "database",
    "postgres",
    "server_place",
    "template",
    "valkey",
    "workspaces",
]
