"""One span for each request, in front of both planes."""

from central_config.api.edge import Application, Message, Receive, Scope, Send
from central_config.core.tracing import Span, Tracer

# A watch lasts for hours; its span would come when nobody looks any more.
_WITHOUT = ("/api/v1/watch/", "/health")
_CARRIED = frozenset({b"traceparent", b"tracestate"})
_REQUEST_ID = b"x-request-id"
_SERVER_ERROR = 500


class Traced:
    """Wraps an application."""

    def __init__(self, app: Application, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and tell of it."""
        if scope["type"] != "http" or scope["path"].startswith(_WITHOUT):
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in _CARRIED
        }
        with self._tracer.span(scope["method"], headers, server=True) as span:
            span.tell(http__request__method=scope["method"], url__path=scope["path"])
            await self._app(scope, receive, _listening(span, send))
            route = getattr(scope.get("route"), "path_format", None)
            if route is not None:  # the data plane's routes need none of the framework's
                span.tell(http__route=str(route))


def _listening(span: Span, send: Send) -> Send:
    async def listening(message: Message) -> None:
        if message["type"] == "http.response.start":
            status = message["status"]
            span.tell(http__response__status_code=status)
            for name, value in message.get("headers", ()):
                if name == _REQUEST_ID:
                    span.tell(central_config__request_id=value.decode("latin-1"))
            if status >= _SERVER_ERROR:
                span.failed(str(status))
        await send(message)

    return listening
