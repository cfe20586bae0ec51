"""A small blocking HTTP client for setting up and checking; never for measuring."""

import http.client
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from bench.processes import BenchError

TIMEOUT = 300.0  # seconds: a large import
_IDLE = 5.0  # seconds after which a connection is not used again


class Http:
    """One keep-alive connection to a server on loopback."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        self._headers = dict(headers or {})
        self._used = 0.0

    @property
    def headers(self) -> dict[str, str]:
        """What it sends with every request."""
        return dict(self._headers)

    def raw(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Send a request; return status, body and headers."""
        now = time.monotonic()
        if now - self._used > _IDLE:
            self._connection.close()  # the server may have; it opens again by itself
        self._used = now
        try:
            self._connection.request(method, path, body, {**self._headers, **(headers or {})})
            answer = self._connection.getresponse()
            return answer.status, answer.read(), answer.headers
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def ok(
        self, method: str, path: str, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """Send a request that must succeed, JSON both ways.

        Raises:
            BenchError: the answer is not a success.
        """
        body = None if json is None else msgspec.json.encode(json)
        more = {"Content-Type": "application/json"} if json is not None else {}
        status, answer, _ = self.raw(method, path, body, {**more, **(headers or {})})
        if status >= 300:
            raise BenchError(f"{method} {path}: {status} {answer[:500].decode(errors='replace')}")
        return msgspec.json.decode(answer) if answer else None

    def answers(self, path: str) -> bool:
        """Tell whether GET succeeds."""
        try:
            return self.raw("GET", path)[0] < 300
        except (OSError, http.client.HTTPException):
            return False

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
