"""A real receiver of traces: takes what OTLP exporters send, and keeps the spans."""

import contextlib
import gzip
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector(ThreadingHTTPServer):
    """Takes what OTLP exporters send."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[Span] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/traces"

    def wait_for(self, name: str, path: str | None = None) -> Span:
        """Return the first span of that name."""
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            for span in list(self.spans):
                if span.name == name and path in (None, attributes(span).get("url.path")):
                    return span
            time.sleep(0.05)
        raise AssertionError(f"no span {name}, but {[each.name for each in self.spans]}")


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.server.spans.extend(scope.spans)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


def attributes(span: Span) -> dict[str, object]:
    """Return a span's attributes as Python values."""
    return {each.key: each.value.int_value or each.value.string_value for each in span.attributes}


@contextlib.contextmanager
def collecting() -> Iterator[Collector]:
    """Run a receiver."""
    with Collector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
