"""Rights, schema, room for connections, and no pooler where none may be."""

import msgspec

from central_config.core.json import JSON
from central_config.core.migrations import head, is_known
from central_config.playbooks.model.budget import connections_asked
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.probes import database
from central_config.playbooks.service.probes.database import local_processes
from central_config.playbooks.service.world import World
from central_config.playbooks.store import questions
from central_config.playbooks.store.pooler import is_pooled

_ANSWERS = "PostgreSQL answers"


async def examine(world: World, replicas: int) -> list[Finding]:
    """Look at the server as a diagnosis does, then at what an installation needs of it."""
    found = [each for each in await database.probe(world) if each.check != "database.budget"]
    if found[0].status is Status.BAD:
        return found
    if found[0].status is Status.WARNING:  # it runs since a moment ago: here that is no fault
        found[0] = msgspec.structs.replace(found[0], status=Status.OK, summary=_ANSWERS)
    limit = int((await world.rows(questions.STATE))[0]["limit"])
    rights = (await world.rows(questions.RIGHTS))[0]
    return [
        *found,
        _budget(world, replicas, limit),
        _rights(rights),
        _encoding(str(rights["encoding"])),
        await _schema(world),
    ]


def _budget(world: World, replicas: int, limit: int) -> Finding:
    settings = world.settings
    asked = connections_asked(local_processes(world, replicas))
    facts: dict[str, JSON] = {"asked": asked, "limit": limit, "replicas": replicas}
    sum_ = (
        f"{replicas} x ({settings.database_pool_size} + {settings.database_max_overflow} + 2)"
        f" + worker, beat and operators = {asked}"
    )
    if asked > limit:
        said = (
            f"too many connections: {sum_}, PostgreSQL has {limit}; lower DATABASE_POOL_SIZE or"
            " DATABASE_MAX_OVERFLOW, raise max_connections, or put a pooler between"
        )
        return Finding("database.budget", Status.BAD, said, facts)
    return Finding("database.budget", Status.OK, f"{sum_} of {limit} connections", facts)


def _rights(row: dict[str, JSON]) -> Finding:
    wanted = {
        "connect": "CONNECT on the database",
        "usage": "USAGE on schema public",
        "create": "CREATE on schema public",
    }
    lacking = [said for name, said in wanted.items() if not row[name]]
    tables = row["lacking"] if isinstance(row["lacking"], list) else []
    if tables:
        lacking.append(f"reading and writing of {len(tables)} tables ({tables[0]})")
    facts: dict[str, JSON] = {"lacking": [*lacking], "tables": [*tables]}
    if lacking:
        said = f"the role lacks {', '.join(lacking)}"
        return Finding("rights.role", Status.BAD, said, facts)
    return Finding("rights.role", Status.OK, "the role may do what the service does", facts)


def _encoding(found: str) -> Finding:
    status = Status.OK if found == "UTF8" else Status.BAD
    said = f"the database is encoded in {found}" + ("" if found == "UTF8" else ", UTF8 is needed")
    return Finding("database.encoding", status, said, {"encoding": found})


async def _schema(world: World) -> Finding:
    wanted = head()
    try:
        rows = await world.rows(questions.SCHEMA_REVISION)
    except UnreachableError:
        rows = []
    found = None if not rows else str(rows[0]["revision"])
    facts: dict[str, JSON] = {"revision": found, "needed": wanted}
    if found is None:
        said = "the database has no schema of ours yet: `central-config migrate`"
        return Finding("schema.revision", Status.BAD, said, facts)
    if found == wanted:
        return Finding("schema.revision", Status.OK, f"the schema is at {found}", facts)
    if not is_known(found):
        said = f"the schema is at {found}, of a later release than this one (which needs {wanted})"
        return Finding("schema.revision", Status.WARNING, said, facts)
    said = f"the schema is at {found}, this release needs {wanted}: `central-config migrate`"
    return Finding("schema.revision", Status.BAD, said, facts)


async def poolers(world: World) -> list[Finding]:
    """What announces changes must hear PostgreSQL itself: a pooler lends connections to others."""
    settings = world.settings
    if settings.database_url is None:
        return [Finding("pooler.listen", Status.SKIPPED, "DATABASE_URL is not set")]
    url = settings.database_url.get_secret_value()
    direct = settings.database_listen_url
    pooled = await is_pooled(url, world.patience)
    heard = pooled if direct is None else await is_pooled(direct.get_secret_value(), world.patience)
    facts: dict[str, JSON] = {"pooled": pooled, "listen_pooled": heard}
    found = [_listen(facts, heard=heard, named=direct is not None)]
    if pooled and settings.database_statement_cache:
        said = (
            "DATABASE_URL leads to a pooler: in transaction mode set DATABASE_STATEMENT_CACHE=false"
        )
        found.append(Finding("pooler.statements", Status.WARNING, said, facts))
    return found


def _listen(facts: dict[str, JSON], *, heard: bool, named: bool) -> Finding:
    if heard:
        where = "DATABASE_LISTEN_URL" if named else "DATABASE_URL"
        said = f"{where} leads to a pooler: set DATABASE_LISTEN_URL to PostgreSQL itself"
        return Finding("pooler.listen", Status.BAD, said, facts)
    return Finding("pooler.listen", Status.OK, "changes are heard from PostgreSQL itself", facts)
