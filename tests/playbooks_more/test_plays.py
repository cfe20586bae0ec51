"""Playbooks beyond the servers: each is run against the real thing, broken."""

import asyncio
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from central_config.core.db import connect_arguments
from central_config.core.settings import Settings
from central_config.supervisor.postgres import PostgresServer
from tests.playbooks_more.support import Operator, soon
from tests.properties.listening import Stream, hang_up
from tests.support.api import MASTER_KEY, ApiProcess, Workspace
from tests.support.ollama import Canned, Fault, Ollama, serving
from tests.support.ollama.brains import Model

pytestmark = pytest.mark.timeout(120)

MODEL = "llama3.2:3b"


def query(url: str, statement: str, *values: Any) -> list[dict[str, Any]]:
    async def ask() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(**connect_arguments(url))
        try:
            return [dict(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    return asyncio.run(ask())


# -- the AI engine


@pytest.fixture
def engine() -> Iterator[Ollama]:
    answer = Canned('{"word": "seven"}')
    with serving({"other": answer}, on_disk={MODEL: answer}) as found:
        yield found


@pytest.fixture
def with_ai(server: ApiProcess, engine: Ollama, tmp_path: Path) -> Operator:
    more = {"AI_ENABLED": "true", "OLLAMA_BASE_URL": engine.url, "AI_MODEL": MODEL}
    return Operator(server.environment, tmp_path, **more)


def test_a_missing_model_is_fetched(with_ai: Operator, engine: Ollama) -> None:
    said = with_ai.run("ai-engine")
    assert said.code == 1
    assert [each["call"]["kind"] for each in said.steps] == ["http"]
    assert list(engine.models) == ["other:latest"]
    done = with_ai.apply("--yes")
    assert done.code == 0, done.out + done.err
    assert list(engine.models) == ["other:latest", MODEL]
    assert with_ai.run("ai-engine").code == 0


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DOWN, Fault.PAGE], ids=str)
def test_an_engine_that_fails_leaves_the_api_ready(
    with_ai: Operator, engine: Ollama, fault: Fault
) -> None:
    engine.fault = fault
    began = time.monotonic()
    said = with_ai.run("ai-engine")
    assert time.monotonic() - began < 40  # it is 8 on a machine that does nothing else
    assert said.code == 1
    assert said.finding("assistant.reachable")["status"] == "bad"
    assert said.finding("api.ready")["status"] == "ok"
    assert [each["call"]["kind"] for each in said.steps] == ["advice", "advice"]


@pytest.mark.parametrize(
    "fault", [Fault.BUSY, Fault.ERROR_MIDWAY, Fault.PROSE, Fault.HANG_MIDWAY], ids=str
)
def test_an_engine_that_lists_its_models_and_fails_at_answers(
    with_ai: Operator, engine: Ollama, fault: Fault
) -> None:
    model = engine.models[MODEL] = Model(MODEL, engine.on_disk[MODEL])
    model.be_ready(4096)
    model.keep(600)
    engine.fault = fault
    said = with_ai.run("ai-engine")
    assert said.code == 1
    assert said.finding("assistant.model")["status"] == "ok"
    assert said.finding("assistant.answer")["status"] == "bad"
    assert [each["call"]["kind"] for each in said.steps] == ["advice", "advice"]


def test_a_model_that_is_being_loaded_is_neither_well_nor_broken(
    with_ai: Operator, engine: Ollama
) -> None:
    engine.models[MODEL] = Model(MODEL, engine.on_disk[MODEL])
    engine.fault = Fault.HANG_MIDWAY
    assert with_ai.run("ai-engine").code == 3


def test_an_engine_nobody_uses_is_not_called_well(server: ApiProcess, tmp_path: Path) -> None:
    assert Operator(server.environment, tmp_path).run("ai-engine").code == 3


# -- the archive of the log


class Archive:
    """A server whose archive goes to a directory that may not be there."""

    def __init__(self, place: Path) -> None:
        self.repository = place / "repository"
        command = f"test -d {self.repository} && cp %p {self.repository}/%f"
        wanted = {"archive_mode": "on", "archive_command": command}
        self.server = PostgresServer(
            data_dir=place / "postgres", durable=False, archiving=lambda _: wanted
        )

    def mend(self) -> None:
        self.repository.mkdir()
        self.repository.chmod(0o777)

    @property
    def url(self) -> str:
        return self.server.admin_url("central_config")


@pytest.fixture
def archive() -> Iterator[Archive]:
    base = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None
    place = Path(tempfile.mkdtemp(prefix="cc-archive-", dir=base))
    place.chmod(0o755)
    found = Archive(place)
    found.server.start()
    try:
        yield found
    finally:
        found.server.stop()
        shutil.rmtree(place, ignore_errors=True)


def test_an_archive_that_cannot_be_written(archive: Archive, tmp_path: Path) -> None:
    query(archive.url, "SELECT pg_switch_wal()")
    failing = "SELECT failed_count > 0 AS failing FROM pg_stat_archiver"
    soon(lambda: query(archive.url, failing)[0]["failing"], 20)
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": archive.url}
    operator = Operator(environment, tmp_path, BACKUP_REPOSITORY=str(archive.repository))

    said = operator.run("archive-stuck")
    assert said.code == 1
    assert said.finding("database.archiver")["status"] == "bad"
    assert said.finding("archive.waiting")["facts"]["segments"] >= 1
    assert said.finding("archive.repository")["status"] == "bad"
    assert "is the disk mounted" in said.steps[0]["call"]["text"]

    # Acting alone does not mend what people have to mend.
    assert operator.apply("--yes", "--patience", "2").code == 1
    archive.mend()
    assert operator.run("archive-stuck").code == 1
    done = operator.apply("--yes")
    assert done.code == 0, done.out + done.err
    assert list(archive.repository.iterdir())
    well = operator.run("archive-stuck")
    assert well.code == 0
    assert well.steps == []


# -- certificates


def certificate(place: Path, days: float) -> Path:
    """Write key and certificate, good for so many days from now, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + made.public_bytes(serialization.Encoding.PEM)
    place.write_bytes(text)
    return place


class Site:
    """A server that shows the certificate it read last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.reload()
        self.server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
        self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True)
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reload(self) -> None:
        self.context.load_cert_chain(self.path)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def test_a_certificate_that_ended(tmp_path: Path) -> None:
    path = certificate(tmp_path / "site.pem", -1)
    site = Site(path)
    try:
        named = f"file={path}, served=127.0.0.1:{site.port}"
        operator = Operator({"PATH": os.environ["PATH"]}, tmp_path, CERTIFICATES=named)
        said = operator.run("certificate-expiring")
        assert said.code == 1
        assert said.finding("certificates.file")["status"] == "bad"
        assert said.finding("certificates.served")["status"] == "bad"
        assert len(said.steps) == 4

        # The file is new; what is served is old until somebody reads the file again.
        certificate(path, 90)
        said = operator.run("certificate-expiring")
        assert said.code == 1
        assert said.finding("certificates.file")["status"] == "ok"
        assert said.finding("certificates.served")["status"] == "bad"
        site.reload()
        assert operator.run("certificate-expiring").code == 0

        # Renewal is due long before the end.
        certificate(path, 10)
        assert operator.run("certificate-expiring").code == 1
        path.unlink()
        assert operator.run("certificate-expiring").code == 3
    finally:
        site.close()


# -- the audit log


def test_a_changed_event_is_kept_as_evidence(settings: Settings, tmp_path: Path) -> None:
    url = settings.require_database_url()
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "MASTER_KEY": MASTER_KEY}
    subprocess.run(
        [sys.executable, "-m", "central_config", "bootstrap"],
        env=environment,
        check=True,
        capture_output=True,
        timeout=60,
    )
    operator = Operator(environment, tmp_path)
    assert operator.run("audit-chain-broken").code == 0
    before = tmp_path / "before"
    assert operator.ops("evidence", "--output", str(before)).code == 0

    changed = "UPDATE cc_audit_log SET actor_name = 'nobody' WHERE action = 'user.created'"
    query(url, changed + " RETURNING sequence")
    rows = "SELECT count(*) AS n, max(hash) AS h FROM cc_audit_log WHERE action <> 'ops.applied'"
    state = query(url, rows)
    said = operator.run("audit-chain-broken")
    assert said.code == 1
    broken = said.finding("audit.verified")["facts"]["broken"]
    assert "content does not match" in broken["reason"]

    done = operator.apply("--yes")
    # Nothing was mended, and it says so.
    assert done.code == 1, done.out + done.err
    assert query(url, rows) == state
    directory = next((tmp_path / "data" / "evidence").iterdir())
    report = json.loads((directory / "report.json").read_text())
    assert report["broken"]["sequence"] == broken["sequence"]
    subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=directory, check=True, timeout=10)

    compared = tmp_path / "compared"
    words = ("--output", str(compared), "--compare", str(before / "audit-log.jsonl"))
    said = operator.ops("evidence", *words)
    assert said.code == 0
    assert "1 events are gone or stood otherwise" in said.err
    report = json.loads((compared / "report.json").read_text())
    assert report["differences"] == [
        {"chain": broken["chain"], "sequence": broken["sequence"], "changed": ["actor_name"]}
    ]
    # Evidence is never written over.
    assert operator.ops("evidence", *words).code == 2


# -- a leaked key


@pytest.fixture
def key(workspace: Workspace) -> str:
    workspace.admin.put(workspace.place("base", "db/password"), "s3cret", secret=True)
    return workspace.key(secrets=True, environments=["base"], key_prefix="db/")


@pytest.mark.usefixtures("unthrottled")
def test_a_leaked_key_is_ended(
    server: ApiProcess, workspace: Workspace, key: str, tmp_path: Path
) -> None:
    operator = Operator(server.environment, tmp_path)
    thief = server.with_token(key)
    assert thief.value(workspace.place("base", "db/password")) == "s3cret"
    watch = Stream(thief, workspace.place("base"), prefix="db/")
    assert watch.opened.wait(5)
    try:
        said = operator.run("key-leaked", given=key + "\n")
        assert said.code == 1, said.out + said.err
        assert "with secrets in clear" in said.finding("leak.reach")["summary"]
        assert said.finding("leak.closed")["status"] == "bad"
        name = said.steps[0]["hits"]
        assert name == f"key {key[:11]}"
        # Without the token in hand the plan is not carried out, nor without its name and a reason.
        confirmed = ("--yes", "--confirm", name, "--reason", "stood in a ticket")
        assert operator.apply(*confirmed).code == 2
        assert operator.apply("--yes", given=key).code == 2
        assert thief.get("/me").status_code == 200

        done = operator.apply(*confirmed, given=key)
        ended = time.monotonic()
        assert done.code == 0, done.out + done.err
        assert thief.get("/me").status_code == 401
        assert watch.ended.wait(5)
        assert time.monotonic() - ended < 5
    finally:
        hang_up()
        thief.close()
    told = query(
        server.environment["DATABASE_URL"],
        "SELECT actor_kind, actor_name FROM cc_audit_log WHERE action = 'key.revoked'"
        " AND target = $1",
        f"key:{key[:11]}",
    )
    assert [each["actor_kind"] for each in told] == ["system"]
    assert "@" in told[0]["actor_name"]
    # The token stands nowhere: not in plan, output, journal or log.
    texts = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    texts += [said.out, said.err, done.out, done.err]
    assert [text for text in texts if key[11:] in text] == []
    # Afterwards the playbook has no more to revoke, and still says what is to be replaced.
    again = operator.run("key-leaked", given=key)
    assert [each["call"]["kind"] for each in again.steps] == ["advice", "advice"]
    assert "ccfg key create" in again.steps[0]["call"]["text"]


@pytest.mark.usefixtures("unthrottled")
def test_the_beginning_of_a_key_is_enough(server: ApiProcess, key: str, tmp_path: Path) -> None:
    operator = Operator(server.environment, tmp_path)
    said = operator.run("key-leaked", given=key[:11])
    assert said.code == 1
    confirmed = ("--yes", "--confirm", f"key {key[:11]}", "--reason", "stood in a ticket")
    assert operator.apply(*confirmed, given=key[:11]).code == 0
    client = server.with_token(key)
    soon(lambda: client.get("/me").status_code == 401, 5)
    client.close()


@pytest.mark.usefixtures("unthrottled")
def test_a_leaked_session_is_ended(server: ApiProcess, tmp_path: Path) -> None:
    operator = Operator(server.environment, tmp_path)
    client = server.sign_in()
    assert client.token is not None
    said = operator.run("key-leaked", given=client.token)
    assert said.code == 1
    confirmed = ("--yes", "--confirm", "session of admin", "--reason", "stood in a log")
    done = operator.apply(*confirmed, given=client.token)
    assert done.code == 0, done.out + done.err
    assert client.get("/me").status_code == 401
    client.close()


def test_a_strange_token_is_not_called_well(server: ApiProcess, tmp_path: Path) -> None:
    operator = Operator(server.environment, tmp_path)
    said = operator.run("key-leaked", given="cc_zzzzzzzz_" + "x" * 43)
    assert said.finding("leak.token")["status"] == "unknown"
    assert operator.run("key-leaked").code == 3


# -- who is refused


@pytest.mark.usefixtures("unthrottled")
def test_the_log_is_summed_up(server: ApiProcess, tmp_path: Path) -> None:
    anonymous = server.anonymous()
    body = {"username": "admin", "password": "wrong-password"}
    for _ in range(3):
        assert anonymous.post("/sessions", json=body).status_code == 401
    anonymous.close()
    time.sleep(0.2)
    text = server.log.read_text() + "not json\n"
    said = Operator(server.environment, tmp_path).ops("log-summary", "-o", "json", given=text)
    assert said.code == 0
    assert said.json["refusals_by_reason"]["invalid credentials"] >= 3
    assert said.json["most_refusals"][0]["client_ip"] == "127.0.0.1"
    assert said.json["requests"] > 0
    assert said.json["not_read"] >= 1
