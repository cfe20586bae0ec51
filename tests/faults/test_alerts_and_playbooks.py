"""Each fault is real: its alert fires, its playbook mends it, the alert ends."""

import asyncio
import contextlib
import datetime as dt
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from central_config.assistant.service.engine.breaker import REST
from central_config.core.db import connect_arguments
from central_config.core.ids import new_id
from tests.faults.rig import FIXED, NOT_FIXED, Site, watched_machine
from tests.monitoring.tools import tool, until
from tests.support.api import Client, Workspace
from tests.support.ollama import Canned, Ollama, least, serving

# A fault takes some scrapes to be seen, and a verification some seconds to be sure.
pytestmark = pytest.mark.timeout(240)

CERTIFICATE = "site.pem"
AI_MODEL = "tiny:1b"


@pytest.fixture(scope="module")
def ollama() -> Iterator[Ollama]:
    """An AI engine that lacks its model, and can fetch it."""
    with serving({"other": Canned("x")}, on_disk={AI_MODEL: Canned(least)}) as found:
        yield found


@pytest.fixture(scope="module")
def site(ollama: Ollama) -> Iterator[Site]:
    for program in ("prometheus", "prometheus-postgres-exporter", "prometheus-redis-exporter"):
        tool(program)
    with tempfile.TemporaryDirectory(prefix="cc-faults-", dir="/var/tmp") as directory:
        place = Path(directory)
        place.chmod(0o755)  # PostgreSQL runs as somebody else
        yield from broken(place, ollama)


def broken(place: Path, ollama: Ollama) -> Iterator[Site]:
    """Run a machine to be broken."""
    write_certificate(place / CERTIFICATE, days=200)
    (place / "backups").mkdir()
    with watched_machine(
        place,
        BACKUP_REPOSITORY=str(place / "backups"),
        BACKUP_PASSPHRASE="a passphrase of tests, long enough",
        CERTIFICATES=f"site={place / CERTIFICATE}",
        AI_ENABLED="true",
        AI_MODEL=AI_MODEL,
        OLLAMA_BASE_URL=ollama.url,
    ) as found:
        stop_backups(found)
        yield found


def stop_backups(site: Site) -> None:
    """Have none made by themselves: the first comes a minute after the start."""
    with contextlib.closing(site.machine.sign_in("correct-horse-battery")) as client:
        for name in ("backup.create", "backup.configuration", "backup.drill"):
            client.ok("PATCH", f"/schedules/{name}", json={"enabled": False})


def write_certificate(path: Path, *, days: float) -> None:
    """Write a certificate of our own that ends in so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "site.example.com")])
    end = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - dt.timedelta(days=300))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def mend(site: Site, playbook: str, *options: str) -> None:
    """Let a playbook plan, and apply what it planned."""
    plan = site.place / f"{playbook}.plan"
    planned = site.run("ops", "run", playbook, "--save", str(plan), "-o", "json", *options)
    assert planned.code == NOT_FIXED, planned.out + planned.err
    steps = planned.document["plan"]["steps"]
    names = [word for step in steps if step["destructive"] for word in ("--confirm", step["hits"])]
    applied = site.run("ops", "apply", str(plan), "--yes", *names, "--reason", "a test")
    assert applied.code == FIXED, applied.out + applied.err


async def ask(site: Site, statement: str, *arguments: object) -> list[Any]:
    connection = await asyncpg.connect(**connect_arguments(site.settings.require_database_url()))
    try:
        return await connection.fetch(statement, *arguments)
    finally:
        await connection.close()


def test_redis_hangs(site: Site) -> None:
    site.stop("valkey-server")
    site.fires("RedisDown")
    mend(site, "redis-lost")
    site.is_quiet("RedisDown")


def test_the_api_hangs(site: Site) -> None:
    site.stop("api")
    site.fires("CentralConfigInstanceDown")
    site.fires("CentralConfigDown")
    mend(site, "system-down")
    site.is_quiet("CentralConfigDown")
    site.is_quiet("CentralConfigInstanceDown")


@contextlib.asynccontextmanager
async def sleepers(site: Site, number: int) -> AsyncIterator[None]:
    """Hold that many sessions open, each asleep in its transaction."""
    arguments = connect_arguments(site.settings.require_database_url())
    held = []
    try:
        for _ in range(number):
            held.append(await asyncpg.connect(**arguments))
            await held[-1].execute("BEGIN; SELECT 1")
        yield
    finally:
        for each in held:
            each.terminate()


@pytest.mark.anyio
async def test_connections_run_out(site: Site) -> None:
    async with sleepers(site, 80):
        await asyncio.to_thread(site.fires, "DatabaseConnectionIssues")
        await asyncio.to_thread(mend, site, "database-connections", "--idle-minutes", "0.02")
        await asyncio.to_thread(site.is_quiet, "DatabaseConnectionIssues")


@pytest.mark.anyio
async def test_a_replica_loses_its_feed(site: Site) -> None:
    """Its sessions with the database hang, as behind a firewall that forgot them."""
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'central-config-api'"
    backends = [row["pid"] for row in await ask(site, query)]
    for pid in backends:
        os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.to_thread(site.fires, "SnapshotStale", seconds=90)
        await asyncio.to_thread(mend, site, "replica-stale")
        await asyncio.to_thread(site.is_quiet, "SnapshotStale")
    finally:
        for pid in backends:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def test_a_certificate_ends(site: Site) -> None:
    write_certificate(site.place / CERTIFICATE, days=1)
    site.fires("CertificateExpiringSoon", seconds=90)
    planned = site.run("ops", "run", "certificate-expiring")
    assert planned.code == NOT_FIXED, planned.out + planned.err
    write_certificate(site.place / CERTIFICATE, days=90)
    assert site.run("ops", "run", "certificate-expiring").code == FIXED
    site.is_quiet("CertificateExpiringSoon", seconds=90)


def verify_audit(site: Site) -> None:
    """Let the job run that proves the chains."""
    client = site.machine.sign_in("correct-horse-battery")
    try:
        job = client.ok("POST", "/schedules/audit.verify/start")
        until(
            lambda: client.ok("GET", f"/jobs/{job['id']}")["status"] in {"done", "failed"},
            what="the chains are looked through",
            seconds=60,
        )
    finally:
        client.close()


def test_somebody_changes_the_audit_log(site: Site) -> None:
    changed = (
        "UPDATE cc_audit_log SET actor_name = $1 WHERE chain = $2 AND sequence = 1 RETURNING 1"
    )
    (first,) = asyncio.run(
        ask(site, "SELECT chain, actor_name FROM cc_audit_log WHERE sequence = 1 LIMIT 1")
    )
    asyncio.run(ask(site, changed, "nobody", first["chain"]))
    verify_audit(site)
    site.fires("AuditChainBroken")
    planned = site.run("ops", "run", "audit-chain-broken")
    assert planned.code == NOT_FIXED, planned.out + planned.err
    assert str(first["chain"]) in planned.out
    asyncio.run(ask(site, changed, first["actor_name"], first["chain"]))
    verify_audit(site)
    site.is_quiet("AuditChainBroken")


def test_nobody_backs_up(site: Site) -> None:
    site.fires("BackupTooOld")
    site.fires("RestoreDrillTooOld")
    made = site.run("backup", "create")
    assert made.code == FIXED, made.out + made.err
    made = site.run("backup", "create", "configuration")
    assert made.code == FIXED, made.out + made.err
    drilled = site.run("backup", "drill")
    assert drilled.code == FIXED, drilled.out + drilled.err
    site.is_quiet("BackupTooOld")
    site.is_quiet("RestoreDrillTooOld")


def questions(client: Client, place: Workspace, number: int) -> list[Any]:
    """Ask what no parser understands, so many times, each time in other words."""
    return [
        client.ok(
            "POST",
            f"{place.path}/ask",
            json={"question": f"which zorgles quux the x{new_id().hex[-8:]}?"},
        )
        for _ in range(number)
    ]


def test_the_ai_engine_lacks_its_model(site: Site) -> None:
    with contextlib.closing(site.machine.sign_in("correct-horse-battery")) as client:
        place = Workspace(client)
        assert all(each["degraded"] for each in questions(client, place, 20))
        site.fires("AIEngineFailing")
        mend(site, "ai-engine")
        time.sleep(REST + 1)  # the engine is left alone for so long; each refusal is an error
        # Six right answers for each failure: the share of failures falls below the alert's.
        assert not any(each["degraded"] for each in questions(client, place, 120))
    site.is_quiet("AIEngineFailing")
