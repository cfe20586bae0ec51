"""The database is put back to an earlier moment while the API runs."""

import asyncio

import httpx2

from central_config.core.ids import new_id
from tests.crash.load import wait_for
from tests.support.api import ApiProcess, Client, Workspace
from tests.support.servers import address_of, execute


def test_what_never_was_is_forgotten(
    api: ApiProcess, owner: Client, target: Workspace, template_url: str
) -> None:
    """Readers, writers and watchers follow the database, not what this process remembers."""
    place = target.place("staging", "key")
    for value in ("first", "second"):
        owner.put(place, value)
    kept = target.revision()
    database, backup = name_of(api), f"t{new_id().hex}"
    at_rest(template_url, database, f'CREATE DATABASE "{backup}" TEMPLATE "{database}"')
    wait_for(lambda: answers(owner, target))
    for value in ("lost", "lost too", "lost three"):
        owner.put(place, value)
    heard = owner.ok(
        "GET", f"/watch/{target.place('staging')}", params={"revision": kept, "wait": 5}
    )
    assert len(heard["events"]) == 3
    at_rest(
        template_url,
        database,
        f'DROP DATABASE "{database}"',
        f'ALTER DATABASE "{backup}" RENAME TO "{database}"',
    )
    wait_for(lambda: answers(owner, target))
    # At once, and more of them than were lost: the revisions overtake what is remembered.
    written = [owner.put(target.place("staging", f"new/{n}"), n)["revision"] for n in range(6)]
    assert written == list(range(kept + 1, kept + 7))
    wait_for(lambda: owner.value(place) == "second", 5)
    assert owner.value(place, consistent=True) == "second"
    for since in (kept, heard["revision"]):
        told = owner.ok(
            "GET", f"/watch/{target.place('staging')}", params={"revision": since, "wait": 5}
        )
        assert "lost" not in str(told)
        assert told["revision"] == kept + 6
    assert owner.ok("GET", "/audit/verify")["intact"] is True


def name_of(api: ApiProcess) -> str:
    """Return the name of the API's database."""
    return api.environment["DATABASE_URL"].partition("@/")[2].partition("?")[0]


def at_rest(template_url: str, database: str, *statements: str) -> None:
    """Run statements while nobody is connected to a database."""
    maintenance = address_of(template_url, "postgres")
    name = f'"{database}"'
    asyncio.run(execute(maintenance, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
    cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = "
    asyncio.run(execute(maintenance, f"{cut}'{database}'"))
    for statement in statements:
        asyncio.run(execute(maintenance, statement))
    asyncio.run(execute(maintenance, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))


def answers(client: Client, target: Workspace) -> bool:
    """Tell whether the API reaches its database again."""
    answer: httpx2.Response = client.get(target.path)
    assert answer.status_code != 401
    return answer.status_code == 200
