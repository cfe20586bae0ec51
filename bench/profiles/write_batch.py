"""Measures single-key writes in process: the services on an embedded PostgreSQL, fsync on.

    python -m bench.profiles.write_batch [--clients 64,1] [--seconds 3] [--rounds 3]

Every write is a compare-and-set against the revision the client saw, with a schema rule that
matches, on 1,000 keys that are there already. The server is kept in --data between runs. With
--profile the 64-client round is run under cProfile and its 40 dearest functions are written.
"""

import argparse
import asyncio
import contextlib
import cProfile
import io
import os
import pstats
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Self

import uvloop

from central_config.access.model import PERMISSIONS, Caller, Principal, WorkspaceRef
from central_config.audit.model import Actor
from central_config.configurations.cache import Snapshots
from central_config.configurations.model.changes import SET, Condition, Outcome
from central_config.configurations.model.schemas import SchemaRule
from central_config.configurations.service.edits import Wish
from central_config.configurations.service.proposals import Proposals
from central_config.configurations.service.publishing import Publishing, Writer
from central_config.configurations.service.rules import Rules
from central_config.configurations.service.topologies import Environments
from central_config.configurations.service.writer import Publisher
from central_config.core.clock import SystemClock
from central_config.core.db import open_database
from central_config.core.ids import new_id
from central_config.core.json import encode
from central_config.core.listen import NotificationListener
from central_config.core.migrations import migrate
from central_config.core.settings import Settings
from central_config.core.writer import GroupWriter
from central_config.secrets.service import Vault, master_key
from central_config.supervisor.postgres import PostgresServer
from central_config.watch.relay import Relay
from central_config.workspaces.model import Environment
from central_config.workspaces.service import REVISION_CHANNEL, WorkspaceService

KEYS = 1_000
MASTER_KEY = "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk="
DATA = Path(gettempdir()) / "central-config-profiles"
SCHEMA = {"type": "string", "maxLength": 200}

Write = Callable[[int], Awaitable[None]]


class Parts:
    """What writing needs of a running API process, and what happens beside it."""

    def __init__(self, settings: Settings) -> None:
        url = settings.require_database_url()
        clock = SystemClock()
        self.database = open_database(url, settings)
        vault = Vault(self.database, master_key(settings), clock)
        self.snapshots = Snapshots(self.database, vault)
        publisher = Publisher(self.database, self.snapshots, vault, clock)
        self.writer: Writer = GroupWriter(publisher.run, publisher.begin)
        self.proposals = Proposals(self.database, self.snapshots, vault, self.writer, clock)
        self.workspaces = WorkspaceService(self.database, clock)
        self.environments = Environments(self.workspaces, self.snapshots)
        self.rules = Rules(self.database, self.snapshots, clock)
        self.publishing = Publishing(self.snapshots, self.writer, self.proposals)
        self.relay = Relay(self.database, self.snapshots)
        self.listener = NotificationListener(
            url, {REVISION_CHANNEL: self.relay.hint}, self.relay.hint
        )

    async def __aenter__(self) -> Self:
        self.writer.start()
        self.relay.start()
        self.listener.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.writer.stop()
        await self.listener.stop()
        await self.relay.stop()
        await self.database.dispose()


async def prepare(parts: Parts) -> Caller:
    """Make a workspace with two environments, a schema rule and the keys; return who writes."""
    principal = Principal("user", new_id(), "bench", {None: frozenset(PERMISSIONS)})
    actor = Actor("user", principal.id, "bench", "0123456789abcdef", "127.0.0.1")
    slug = f"w{new_id().hex[-12:]}"
    anybody = Caller(principal, actor)
    made = await parts.workspaces.create(anybody, slug, "", "")
    caller = Caller(principal, actor, WorkspaceRef(made.id, slug))
    for name, parent in (("base", None), ("prod", "base")):
        environment = Environment(new_id(), name, None, requires_approval=False)
        await parts.environments.create(caller, environment, parent)
    rule = SchemaRule(new_id(), "text", "app/**", encode(SCHEMA).decode(), "enforce")
    await parts.rules.create(caller, rule)
    await parts.snapshots.fresh(made.id)
    wishes = [Wish("prod", f"app/key-{n:04}", SET, f"value {n}") for n in range(KEYS)]
    await parts.publishing.write(caller, wishes, message="", condition=Condition(), kind="change")
    return caller


def _writer(parts: Parts, caller: Caller, clients: int) -> Write:
    """Return one write of a client to a key of its own share, against the revision it saw."""
    publishing = parts.publishing
    seen = dict.fromkeys(range(KEYS), 10**9)
    turns, mark = [0] * clients, new_id().hex

    async def write(client: int) -> None:
        turn = turns[client] = turns[client] + 1
        number = (client + turn * clients) % KEYS
        condition = Condition(since=min(seen[number], revision[0]), required=True)
        wish = Wish("prod", f"app/key-{number:04}", SET, f"{mark} {client} {turn}")
        outcome = await publishing.write(caller, [wish], message="", condition=condition)
        if not isinstance(outcome, Outcome) or not outcome.changed:
            raise RuntimeError(outcome)
        seen[number] = revision[0] = outcome.revision

    state = parts.snapshots.peek(caller.place.id)
    revision = [0 if state is None else state.revision]
    return write


async def _round(write: Write, clients: int, seconds: float) -> tuple[float, float]:
    """Return writes a second, and their median time in milliseconds."""
    until = time.perf_counter() + seconds
    taken: list[float] = []

    async def drive(client: int) -> None:
        while (began := time.perf_counter()) < until:
            await write(client)
            taken.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(drive(client) for client in range(clients)))
    return len(taken) / (time.perf_counter() - began), statistics.median(taken) * 1000


def _database_cpu() -> float:
    """Return the seconds of CPU all PostgreSQL processes below this one have used."""
    spent: dict[int, tuple[int, float]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = place.read_text().rpartition(")")[2].split()
            ticks = sum(int(each) for each in fields[11:15])
            spent[int(place.parent.name)] = int(fields[1]), ticks / os.sysconf("SC_CLK_TCK")
    mine = {os.getpid()}
    while more := {each for each, (parent, _) in spent.items() if parent in mine} - mine:
        mine |= more
    return sum(spent[each][1] for each in mine - {os.getpid()})


def _profiled(profile: cProfile.Profile) -> str:
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats("tottime").print_stats(40)
    return text.getvalue()


async def _measure(settings: Settings, options: argparse.Namespace) -> None:
    await migrate(settings)
    async with Parts(settings) as parts:
        caller = await prepare(parts)
        for clients in options.clients:
            write = _writer(parts, caller, clients)
            await _round(write, clients, 0.5)
            for _ in range(options.rounds):
                used, database = time.process_time(), _database_cpu()
                rate, median = await _round(write, clients, options.seconds)
                used = (time.process_time() - used) / (rate * options.seconds) * 1e6
                database = (_database_cpu() - database) / (rate * options.seconds) * 1e6
                load = os.getloadavg()[0]
                print(
                    f"{clients:4} clients: {rate:7.0f} writes/s, median {median:6.2f} ms, "
                    f"CPU a write: Python {used:4.0f} us, PostgreSQL {database:4.0f} us "
                    f"(load {load:.1f})",
                    flush=True,
                )
        if options.profile is not None:
            write = _writer(parts, caller, 64)
            with cProfile.Profile() as profile:
                rate, _ = await _round(write, 64, options.seconds)
            head = f"write_batch, 64 clients in process, fsync on, under cProfile: {rate:.0f}/s\n"
            options.profile.write_text(head + _profiled(profile))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a line for each round."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", default="64,1")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", type=Path)
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args(arguments)
    options.clients = [int(each) for each in options.clients.split(",")]
    with PostgresServer(data_dir=options.data) as server:
        settings = Settings(database_url=server.url, master_key=MASTER_KEY, metrics_port=0)  # type: ignore[arg-type]
        uvloop.run(_measure(settings, options))


if __name__ == "__main__":
    main()
