"""A real S3 server on loopback, over TLS, with a certificate authority of its own."""

import contextlib
import datetime as dt
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.backups.physical.tools import weed

KEY, SECRET = "backup-key", "backup-secret-for-tests"
BUCKET = "backups"
START_WITHIN = 40.0


@dataclass
class S3:
    """A running server: its address, its authority's certificate and where it keeps its files."""

    endpoint: str
    ca_file: Path
    files: Path


@contextlib.contextmanager
def s3_server(place: Path) -> Iterator[S3]:
    """Run a server with an empty bucket until the block ends."""
    names = ("master", "volume", "filer", "s3")
    ports = _free_ports(2 * len(names) + 1)
    https = ports.pop()
    ca_file, certificate, key = _certificates(place)
    files = place / "files"
    files.mkdir()
    identity = {
        "name": "backups",
        "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    config = place / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}))
    command = [weed(), "server", "-ip=127.0.0.1", f"-dir={files}", "-s3", f"-s3.config={config}"]
    command += ["-master.telemetry=false", "-volume.max=20", "-master.volumeSizeLimitMB=64"]
    command += ["-volume.preStopSeconds=0", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += [f"-s3.port.https={https}", f"-s3.cert.file={certificate}", f"-s3.key.file={key}"]
    for name in names:
        command += [f"-{name}.port={ports.pop()}", f"-{name}.port.grpc={ports.pop()}"]
    filer = next(each.partition("=")[2] for each in command if each.startswith("-filer.port="))
    with (place / "weed.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=place)
    try:
        _make_bucket(f"http://127.0.0.1:{filer}/buckets/{BUCKET}/", process, place / "weed.log")
        _wait_for(https)
        yield S3(f"https://localhost:{https}", ca_file, files)
    finally:
        process.kill()
        process.wait()


def _make_bucket(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_WITHIN
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()[-3000:]
        with contextlib.suppress(httpx2.TransportError):
            if httpx2.post(address, timeout=5).status_code < 300:
                return
        time.sleep(0.2)
    raise AssertionError(f"no S3 server: {log.read_text()[-3000:]}")


def _wait_for(port: int) -> None:
    end = time.monotonic() + START_WITHIN
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError(f"nobody listens on {port}")


def _free_ports(count: int) -> list[int]:
    """Return ports nobody listens on; they are found together, so they differ."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _certificates(place: Path) -> tuple[Path, Path, Path]:
    """Make an authority and a certificate for `localhost`; return the three files' paths."""
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _name("central-config tests")
    ca = _builder(authority, authority, authority_key).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    server = _builder(_name("localhost"), authority, server_key).add_extension(
        x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
    )
    files = place / "ca.pem", place / "server.pem", place / "server.key"
    for file, builder in zip(files, (ca, server), strict=False):
        signed = builder.sign(authority_key, hashes.SHA256())
        file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    files[2].write_bytes(
        server_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=2))
    )
