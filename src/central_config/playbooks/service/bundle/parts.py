"""What a bundle holds, part by part. None of it reads a configuration's value."""

import os
import platform
import sys
from collections.abc import Awaitable, Callable, Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

import msgspec

from central_config import __version__
from central_config.core.json import JSON
from central_config.core.migrations import head
from central_config.core.settings import Settings
from central_config.playbooks.service import doctor, probes
from central_config.playbooks.service.bundle.logs import last_lines
from central_config.playbooks.service.bundle.redaction import MASK, mask_address, passwords_of
from central_config.playbooks.service.world import World
from central_config.playbooks.store import questions
from central_config.playbooks.store.proc import standing

# Addresses of which host, user and database are of use; other secrets are only said to be there.
ADDRESSES = (
    *("database_url", "database_listen_url", "redis_url", "celery_broker_url", "smtp_url"),
)


class Wish(NamedTuple):
    """What was asked for: log files beside the known ones, lines of each, names of keys or not."""

    logs: tuple[Path, ...] = ()
    lines: int = 2000
    with_names: bool = False


class Part(NamedTuple):
    """A file of a bundle: its name, what it is, and what makes it."""

    name: str
    said: str
    make: Callable[[], Awaitable[str]]


def parts(world: World, wish: Wish) -> Iterator[Part]:
    """Yield the files of a bundle."""
    for name, said, look in _LOOKS:
        yield Part(name, said, _looked(world, look))
    for name, said, sql in _QUESTIONS:
        yield Part(name, said, _answered(world, sql))
    if wish.with_names:
        said = "names of keys, without values (--with-key-names)"
        yield Part("keys.json", said, _answered(world, questions.KEY_NAMES))
    for number, path in enumerate(_logs(world, wish)):
        name = f"logs/{number}-{path.name}"
        yield Part(name, f"the last {wish.lines} lines of a log", _tail(path, wish))


async def _versions(_: World) -> str:
    libraries = {each.metadata["Name"]: each.version for each in distributions()}
    return text(
        {
            "central-config": __version__,
            "python": sys.version,
            "platform": platform.platform(),
            "processors": os.cpu_count(),
            "libraries": dict(sorted(libraries.items())),
        }
    )


async def _settings(world: World) -> str:
    return text(masked(world.settings))


async def _findings(world: World) -> str:
    return text(await probes.look(world))


async def _examination(world: World) -> str:
    return text(await doctor.examine(world))


async def _schema(world: World) -> str:
    found = (await world.rows(questions.SCHEMA_REVISION))[0]
    return text({"revision": found["revision"], "needed": head()})


async def _metrics(world: World) -> str:
    return (await world.http(world.metrics_url())).text


async def _processes(world: World) -> str:
    found: list[dict[str, JSON]] = []
    for each in world.processes():
        how = standing(each.pid)
        if how is not None:
            found.append({"name": each.name, "pid": each.pid, "age_seconds": how.age})
    return text(found)


_LOOKS = (
    ("versions.json", "versions of the service, of Python and of libraries", _versions),
    ("settings.json", "the settings, secrets masked", _settings),
    ("diagnosis.json", "what `ops diagnose` finds", _findings),
    ("doctor.json", "what `doctor` finds", _examination),
    ("schema.json", "the revision of the schema, and the one needed", _schema),
    ("metrics.txt", "the metrics of the API of this machine", _metrics),
    ("processes.json", "the processes of the supervisor", _processes),
)
_QUESTIONS = (
    ("jobs.json", "background jobs, counted", questions.JOB_SUMMARY),
    ("tables.json", "sizes and statistics of tables", questions.TABLE_SIZES),
    ("database.json", "statistics of the database", questions.DATABASE_STATISTICS),
    ("connections.json", "connections, counted, without statements", questions.CONNECTIONS),
    ("archiver.json", "how the log is archived", questions.ARCHIVER),
)


def _looked(world: World, look: Callable[[World], Awaitable[str]]) -> Callable[[], Awaitable[str]]:
    async def make() -> str:
        return await look(world)

    return make


def _answered(world: World, sql: str) -> Callable[[], Awaitable[str]]:
    async def make() -> str:
        return text(await world.rows(sql))

    return make


def _tail(path: Path, wish: Wish) -> Callable[[], Awaitable[str]]:
    async def make() -> str:
        return "".join(f"{line}\n" for line in last_lines(path, wish.lines, names=wish.with_names))

    return make


def _logs(world: World, wish: Wish) -> list[Path]:
    known = [] if world.paths is None else sorted(world.paths.logs.glob("*.log"))
    return [*known, *wish.logs]


def masked(settings: Settings) -> dict[str, JSON]:
    """Return the settings as may be shown: of a secret only whether it is set."""
    found: dict[str, JSON] = {}
    for name in type(settings).model_fields:
        value: object = getattr(settings, name)
        secret = _clear(value)
        if secret is None:
            found[name.upper()] = None if value is None else str(value)
        else:
            found[name.upper()] = mask_address(secret) if name in ADDRESSES else MASK
    return found


def secrets_of(settings: Settings) -> Iterator[str]:
    """Yield every secret of the settings, and the passwords inside addresses."""
    for name in type(settings).model_fields:
        value: object = getattr(settings, name)
        secret = _clear(value)
        if secret is not None and name not in ADDRESSES:
            yield secret
        yield from passwords_of(secret if secret is not None else str(value or ""))


def _clear(value: object) -> str | None:
    """Return a secret setting in clear; None for any other."""
    reveal = getattr(value, "get_secret_value", None)
    return None if reveal is None else str(reveal())


def text(value: object) -> str:
    """Return a value as JSON that people read."""
    plain = msgspec.json.encode(value, enc_hook=str)
    return msgspec.json.format(plain, indent=1).decode() + "\n"
