"""Where messages arrive: an HTTP server that can refuse, and mail servers, also with TLS."""

import datetime as dt
import hashlib
import hmac
import ipaddress
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typing_extensions import override

from tests.monitoring.sinks import MailSink, serving

SECRET = "signing-secret-of-tests"
SLACK_PATH = "/services/T000/B000/slack-token-of-tests"


class Call(NamedTuple):
    """A request that arrived."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    def is_signed(self, secret: str = SECRET) -> bool:
        """Tell whether the signature is right, as a receiver would that knows only the docs."""
        signed = self.headers["central-config-timestamp"].encode() + b"." + self.raw
        wanted = "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted, self.headers["central-config-signature"])


class Sink(ThreadingHTTPServer):
    """Keeps what arrives; answers with the statuses of `next`, then with 200."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.calls: list[Call] = []
        self.next: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def to(self, path: str) -> list[Call]:
        """Return the calls to a path."""
        return [call for call in self.calls if call.path == path]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        sink = cast(Sink, self.server)
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        sink.calls.append(Call(self.path, headers, raw))
        self.send_response(sink.next.pop(0) if sink.next else 200)
        self.send_header("Content-Length", "2")
        # Where a redirect would lead; it must not be followed.
        self.send_header("Location", f"{sink.url}/elsewhere")
        self.end_headers()
        self.wfile.write(b"ok")

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class TlsMailSink(MailSink):
    """Speaks TLS from the first byte on."""

    def __init__(self, certificate: Path) -> None:
        super().__init__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)


def make_certificate(directory: Path) -> Path:
    """Write a self-signed certificate for loopback, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=20_000))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = directory / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


class Sinks(NamedTuple):
    """All that a server with every channel talks to."""

    web: Sink
    mail: MailSink

    @property
    def environment(self) -> dict[str, str]:
        """The settings that lead here."""
        return {
            "SLACK_WEBHOOK_URL": self.web.url + SLACK_PATH,
            "SMTP_URL": f"smtp://{self.mail.address}",
            "MAIL_FROM": "config@example.org",
            "MAIL_TO": "oncall@example.org, lead@example.org",
            "NOTIFY_WEBHOOK_URL": self.web.url + "/hook",
            "NOTIFY_WEBHOOK_SECRET": SECRET,
        }

    @property
    def settings(self) -> dict[str, Any]:
        """The same for `Settings`."""
        return {name.lower(): value for name, value in self.environment.items()}


@contextmanager
def open_sinks() -> Iterator[Sinks]:
    """Serve both until the block ends."""
    sinks = Sinks(Sink(), MailSink())
    with serving(sinks.web), serving(sinks.mail):
        yield sinks
