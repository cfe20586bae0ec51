"""One question to PostgreSQL or Redis, put on this machine or inside the cluster's own pods."""

from collections.abc import Sequence
from typing import Any, cast

from central_config.core.json import JSON, decode
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.plans import Call, Kubectl, Redis, Sql
from central_config.playbooks.service.playbook import Where
from central_config.playbooks.service.world import World

POSTGRES_POD, REDIS_POD = "postgres-0", "redis-0"


def psql_words(sql: str) -> tuple[str, ...]:
    """Return what runs a statement inside the database's pod.

    Role and database are said, the operator's psqlrc is not read, and an error is an error; no
    terminal is asked for, which would change the output.
    """
    named = ("-U", "postgres", "-d", "central_config", "-X", "-v", "ON_ERROR_STOP=1")
    one_line = " ".join(sql.split())
    return ("exec", POSTGRES_POD, "-c", "postgresql", "--", "psql", *named, "-Atc", one_line)


def redis_words(*words: str) -> tuple[str, ...]:
    """Return what runs a command inside Redis' pod; its environment holds the password."""
    return ("exec", REDIS_POD, "-c", "redis", "--", "redis-cli", *words)


async def rows(world: World, sql: str, *, name: str = "") -> list[dict[str, Any]]:
    """Return what a statement without arguments returns, asked as the superuser where possible.

    Raises:
        UnreachableError: no answer, or a refusal.
    """
    if world.target == "local":
        return await world.rows(sql, admin=True, database_name=name)
    whole = f"SELECT coalesce(json_agg(each), '[]') FROM ({sql}) AS each"  # noqa: S608 - our own statements
    answer = await world.kubectl(*psql_words(whole))
    try:
        return cast("list[dict[str, Any]]", decode(answer))
    except ValueError as error:
        raise UnreachableError(f"psql answered what is no JSON: {error}") from error


async def redis_info(world: World) -> dict[str, str]:
    """Return what Redis tells of itself.

    Raises:
        UnreachableError: no answer, or a refusal.
    """
    if world.target == "local":
        found = await world.redis("INFO", "everything")
        if isinstance(found, dict):
            return {str(key): str(value) for key, value in cast("dict[Any, Any]", found).items()}
        answer = str(found)
    else:
        answer = await world.kubectl(*redis_words("INFO", "everything"))
    pairs = (line.partition(":") for line in answer.splitlines() if ":" in line)
    return {name: value.strip() for name, _, value in pairs}


def sql_call(where: Where, statement: str, sessions: Sequence[str] = ()) -> Call:
    """Return the call that runs a statement on sessions, in the form of the target."""
    arguments: tuple[JSON, ...] = (list(sessions),) if sessions else ()
    if where.target == "local":
        return Sql(" ".join(statement.split()), arguments, admin=True)
    # Numbers and colons only, see `statements`.
    written = "ARRAY[" + ", ".join(f"'{each}'" for each in sessions) + "]"
    return Kubectl(psql_words(statement.replace("$1", written)))


def redis_call(where: Where, *words: str) -> Call:
    """Return the call of a Redis command, in the form of the target."""
    return Redis(words) if where.target == "local" else Kubectl(redis_words(*words))


async def objects(world: World, *words: str) -> list[dict[str, Any]]:
    """Return the objects that `kubectl get ...` lists.

    Raises:
        UnreachableError: kubectl failed, or answered something unexpected.
    """
    text = await world.kubectl("get", *words, "-o", "json")
    try:
        return list(cast("dict[str, Any]", decode(text))["items"])
    except (ValueError, KeyError, TypeError) as error:
        raise UnreachableError(f"kubectl get {words[0]} answered no list") from error
