"""People with other rights than the administrator's, shared by the tests of the HTTP API."""

from collections.abc import Iterator

import pytest

from central_config.core.ids import new_id
from tests.api.refusals import World
from tests.support.api import ApiProcess, Client

PASSWORD = "another-password-for-tests"


def person(server: ApiProcess, admin: Client, *roles: tuple[str, str | None]) -> Client:
    """Create a user with roles (name, workspace or None for everywhere) and sign them in."""
    name = f"u{new_id().hex[-12:]}"
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    admin.ok("POST", "/users", json=body)
    given = [{"role": role, "workspace": place} for role, place in roles]
    admin.ok("PUT", f"/users/{name}/roles", json={"roles": given})
    return server.sign_in(name, PASSWORD)


@pytest.fixture(scope="session")
def reviewer(server: ApiProcess, admin: Client) -> Iterator[Client]:
    """Somebody who may write, and review what others wrote, everywhere."""
    client = person(server, admin, ("configuration-manager", None))
    yield client
    client.close()


@pytest.fixture(scope="session")
def viewer(server: ApiProcess, admin: Client) -> Iterator[Client]:
    """Somebody who may read configuration everywhere, and no secret."""
    client = person(server, admin, ("viewer", None))
    yield client
    client.close()


@pytest.fixture(scope="session")
def outsider(server: ApiProcess, admin: Client) -> Iterator[Client]:
    """Somebody who may sign in and nothing else."""
    client = person(server, admin)
    yield client
    client.close()


@pytest.fixture(scope="module")
def world(
    server: ApiProcess, admin: Client, reviewer: Client, viewer: Client, outsider: Client
) -> Iterator[World]:
    """A workspace in which every sort of refusal can be had."""
    made = World(server, admin, reviewer, viewer, outsider)
    yield made
    made.close()
