"""Traces, where TRACES_ENDPOINT says where they go: one span a request, one a job.

Off by default, and then nothing of OpenTelemetry is imported. A request that comes with its
caller's trace (`traceparent`) is a part of it; of the others TRACES_SAMPLE begin one.
"""

import contextlib
from collections.abc import Generator, Mapping
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Protocol

from central_config import __version__
from central_config.core.settings import Settings

# Seconds a process that ends waits for its last spans to be taken.
_LAST_WORDS = 2.0


class Span(Protocol):
    """What is told of a piece of work while it goes on."""

    def tell(self, **attributes: str | float | bool) -> None:
        """Add attributes; `__` in a name stands for a dot."""
        ...

    def failed(self, words: str) -> None:
        """Mark it as failed."""
        ...


class _Told:
    def __init__(self, span: Any) -> None:  # noqa: ANN401 - OpenTelemetry's, an optional import
        self._span = span

    def tell(self, **attributes: str | float | bool) -> None:
        for name, value in attributes.items():
            self._span.set_attribute(name.replace("__", "."), value)

    def failed(self, words: str) -> None:
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 - optional

        self._span.set_status(StatusCode.ERROR, words)


class Tracer:
    """Begins spans and sends them, in batches and beside the work they tell of."""

    def __init__(self, endpoint: str, sample: float, service: str) -> None:
        # Optional (`central-config[traces]`), and slow to import.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import (  # noqa: PLC0415
            ParentBased,
            TraceIdRatioBased,
        )
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
            TraceContextTextMapPropagator,
        )

        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(sample)),
            resource=Resource.create({"service.name": service, "service.version": __version__}),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(endpoint=endpoint, timeout=_LAST_WORDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("central_config", __version__)
        self._propagator = TraceContextTextMapPropagator()

    @contextlib.contextmanager
    def span(
        self, name: str, headers: Mapping[str, str] | None = None, *, server: bool = False
    ) -> Generator[Span]:
        """Tell of the work in this block; `headers` may name the trace it is a part of."""
        from opentelemetry.trace import SpanKind  # noqa: PLC0415

        kind = SpanKind.SERVER if server else SpanKind.INTERNAL
        context = self._propagator.extract(headers) if headers else None
        with self._tracer.start_as_current_span(name, context=context, kind=kind) as span:
            yield _Told(span)

    def flush(self) -> None:
        """Send what waits, in bounded time."""
        self._provider.force_flush(int(_LAST_WORDS * 1000))

    def close(self) -> None:
        """Send what waits and end."""
        self.flush()
        self._provider.shutdown()


def require_tracing(settings: Settings) -> None:
    """Refuse to start where traces are on and cannot be made; nothing is opened.

    A worker's processes make theirs when a job is theirs already: too late to refuse.

    Raises:
        SystemExit: OpenTelemetry is not installed.
    """
    if settings.traces_endpoint is None:
        return
    try:
        found = find_spec("opentelemetry.exporter.otlp.proto.http")
    except ImportError:
        found = None
    if found is None:
        message = "TRACES_ENDPOINT is set: install central-config[traces]"
        raise SystemExit(message)


def tracer(settings: Settings, service: str) -> Tracer | None:
    """Return the process's tracer; None when traces are off.

    Raises:
        SystemExit: they are on, but OpenTelemetry is not installed.
    """
    if settings.traces_endpoint is None:
        return None
    return _tracer(settings.traces_endpoint, settings.traces_sample, service)


@lru_cache(maxsize=1)
def _tracer(endpoint: str, sample: float, service: str) -> Tracer:
    try:
        return Tracer(endpoint, sample, service)
    except ImportError as error:
        message = f"TRACES_ENDPOINT is set: install central-config[traces] ({error})"
        raise SystemExit(message) from error
