"""Where alerts arrive in tests: a web server and a mail server that keep what they get."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, cast

from typing_extensions import override


class Post(NamedTuple):
    """A request that arrived."""

    path: str
    body: Any


class Mail(NamedTuple):
    """A message that arrived, and whom the envelope names."""

    recipients: list[str]
    message: EmailMessage

    @property
    def subject(self) -> str:
        """The subject."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """The plain text."""
        part = self.message.get_body(("plain",))
        return "" if part is None else str(part.get_content())


class HttpSink(ThreadingHTTPServer):
    """Answers every POST with 200 and keeps its JSON."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Posts)
        self.posts: list[Post] = []

    @property
    def url(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self.server_port}"


class _Posts(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        cast(HttpSink, self.server).posts.append(Post(self.path, json.loads(body)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class MailSink(socketserver.ThreadingTCPServer):
    """Takes every message (RFC 5321, without extensions) and keeps it.

    Not for the recipients that are `refused` for good, or `busy`.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.mails: list[Mail] = []
        self.refused: set[str] = set()
        self.busy: set[str] = set()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_address[1]}"


class _Session(socketserver.StreamRequestHandler):
    @override
    def handle(self) -> None:
        recipients: list[str] = []
        self._say("220 sink")
        while line := self.rfile.readline().decode().strip():
            verb, _, rest = line.partition(" ")
            if verb.upper() == "RCPT":
                recipient = rest.partition("<")[2].partition(">")[0]
                if (refusal := self._refusal(recipient)) is not None:
                    self._say(refusal)
                    continue
                recipients.append(recipient)
            if verb.upper() == "DATA":
                self._say("354 go on")
                self._keep(recipients)
                recipients = []
            self._say("221 bye" if verb.upper() == "QUIT" else "250 ok")

    def _refusal(self, recipient: str) -> str | None:
        sink = cast(MailSink, self.server)
        if recipient in sink.refused:
            return "550 no such user"
        return "451 come back" if recipient in sink.busy else None

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def _keep(self, recipients: list[str]) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        cast(MailSink, self.server).mails.append(Mail(recipients, message))


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[None]:
    """Serve in a thread until the block ends."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
