"""Talks to the server: addresses, sign-in, refusals, patience.

Every method raises `CliError`: `ProblemError` for a refusal, `UNREACHABLE` where nobody answers.
"""

import weakref
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from central_config import __version__
from central_config.cli import progress
from central_config.cli.errors import UNREACHABLE, CliError, ProblemError, UsageError
from central_config.configurations.model.keys import key_fault

if TYPE_CHECKING:
    import httpx2

API = "/api/v1"
# Waits a server may ask for before an answer counts as a refusal (seconds), and how often.
PATIENCE, ATTEMPTS = 10, 3
CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 60.0
PAGE = 1000

Params = Mapping[str, Any]


class Answer(NamedTuple):
    """A server's answer that is no refusal."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Client:
    """One server, asked as one principal.

    `timeout`: seconds, where there is less time than usual.
    """

    def __init__(self, url: str, token: str | None, timeout: float | None = None) -> None:
        import httpx2  # noqa: PLC0415 - `ccfg --help` must not pay for it

        self.url = check_url(url)
        agent = f"central-config-cli/{__version__}"
        headers = {"User-Agent": agent, "Accept": "application/json"}
        if token is not None:
            if not token.isascii() or not token.isprintable():
                raise UsageError("the token holds characters no token has")
            headers["Authorization"] = f"Bearer {token}"
        self._library = httpx2
        self._http = httpx2.Client(
            base_url=self.url + API,
            headers=headers,
            timeout=timeout or httpx2.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT),
        )
        weakref.finalize(self, self._http.close)

    def get(self, path: str, params: Params | None = None) -> Any:  # noqa: ANN401 - JSON
        """Return what a GET answers."""
        return self.request("GET", path, params=params).body

    def post(self, path: str, body: object = None, params: Params | None = None) -> Any:  # noqa: ANN401
        """Return what a POST answers."""
        return self.request("POST", path, body=body, params=params).body

    def items(self, path: str, params: Params | None = None, most: int | None = None) -> list[Any]:
        """Return a list the server gives in pages, all of it or the first `most`."""
        found: list[Any] = []
        asked = {**(params or {}), "limit": PAGE if most is None else min(most, PAGE)}
        while True:
            page = self.get(path, asked)
            found.extend(page["items"])
            cursor = page.get("next_cursor")
            if most is not None and len(found) >= most:
                return found[:most]
            if cursor is None:
                return found
            asked["cursor"] = cursor

    def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; a text or bytes `body` goes as it is, anything else as JSON."""
        content, kind = _encoded(body)
        response = self._patiently(
            self._http.build_request(
                method,
                path,
                params=_given(params),
                content=content,
                headers={**kind, **(headers or {})},
            )
        )
        self._check(response)
        return Answer(response.status_code, _decoded(response), response.headers)

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        read_timeout: float | None = READ_TIMEOUT,
    ) -> Generator["httpx2.Response"]:
        """Send a request and give its answer as it arrives.

        `read_timeout`: seconds of silence after which the connection counts as lost.
        """
        content, kind = _encoded(body)
        timeout = self._library.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT, read=read_timeout)
        try:
            with self._http.stream(
                method,
                path,
                params=_given(params),
                content=content,
                headers={**kind, **(headers or {})},
                timeout=timeout,
            ) as response:
                self._check(response)
                yield response
        except self._library.TransportError as error:
            raise self._unreachable(error) from None

    def _check(self, response: "httpx2.Response") -> None:
        """Raise what the answer refuses."""
        if response.is_redirect:
            # Not followed: the token is meant for this server alone.
            there = response.headers.get("Location", "elsewhere")
            raise CliError(f"{self.url} redirects to {there}", hint="Use the right address.")
        if response.is_error:
            raise refusal(response.status_code, response.read())

    def _patiently(self, request: "httpx2.Request") -> "httpx2.Response":
        """Send; wait and repeat while the server says it has done nothing yet (429, 503)."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with progress.spinner(f"Waiting for {self.url}"):
                    response = self._http.send(request)
            except self._library.TransportError as error:
                raise self._unreachable(error) from None
            wait = _asked_wait(response) if attempt < ATTEMPTS else None
            if wait is None:
                return response
            progress.pause(wait, f"The server asks to wait {wait} s")
        raise AssertionError  # the loop ends by returning

    def _unreachable(self, error: Exception) -> CliError:
        reason = str(error) or type(error).__name__
        return CliError(
            f"cannot reach {self.url}: {reason}",
            UNREACHABLE,
            "Is the address right, and the server running? `ccfg context list` shows what is used.",
        )


def check_url(url: str) -> str:
    """Return a server's address without a slash at its end.

    Raises:
        UsageError: it is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"{url!r} is no address of a server", "Write https://HOST or http://HOST.")
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError("the address of a server has no user, query or fragment")
    return url.rstrip("/").removesuffix(API)


def is_private(url: str) -> bool:
    """Tell whether nobody on the way can read what is sent: TLS, or this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in {"localhost", "127.0.0.1", "::1"}


def segment(text: str) -> str:
    """Return one segment of an address, whatever the text holds."""
    if text in {"", ".", ".."}:
        raise UsageError(f"{text!r} is no name")
    return quote(text, safe="")


def key_path(key: str) -> str:
    """Return a key as the end of an address.

    Raises:
        UsageError: it is no key.
    """
    fault = key_fault(key)
    if fault is not None:
        raise UsageError(f"{key!r} is no key: {fault}")
    return key


def refusal(status: int, content: bytes) -> ProblemError:
    """Return the error for an answer of 400 or more, also one that no server of ours wrote."""
    try:
        document = msgspec.json.decode(content)
    except msgspec.MsgspecError:
        document = None
    if not isinstance(document, dict) or "title" not in document:
        said = content[:200].decode(errors="replace").strip()
        document = {"title": "The server answered", "detail": f"HTTP {status} {said}".strip()}
    return ProblemError({**document, "status": status})


def _encoded(body: object) -> tuple[bytes | None, dict[str, str]]:
    if body is None:
        return None, {}
    if isinstance(body, str):
        return body.encode(), {"Content-Type": "text/plain; charset=utf-8"}
    return msgspec.json.encode(body), {"Content-Type": "application/json"}


def _decoded(response: "httpx2.Response") -> Any:  # noqa: ANN401 - JSON, or text
    if not response.content:
        return None
    if "json" not in response.headers.get("Content-Type", ""):
        return response.text
    try:
        return msgspec.json.decode(response.content)
    except msgspec.MsgspecError:
        raise CliError("the server's answer is not JSON; is this a central-config?") from None


def _given(params: Params | None) -> dict[str, Any]:
    """Leave out what is not given; write truth as the server reads it."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in (params or {}).items()
        if value is not None and value not in ("", [])
    }


def _asked_wait(response: "httpx2.Response") -> int | None:
    if response.status_code not in {429, 503}:
        return None
    asked = response.headers.get("Retry-After", "")
    return int(asked) if asked.isdigit() and int(asked) <= PATIENCE else None
