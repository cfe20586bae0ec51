"""What can be configured, and where it comes from if it is not given."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypedDict
from urllib.parse import urlsplit

URL_VARIABLE: Final = "CENTRAL_CONFIG_URL"
KEY_VARIABLE: Final = "CENTRAL_CONFIG_API_KEY"

ApiKey = str | Callable[[], str]
"""A token, or what returns the present one; it is asked before each request."""


class ConnectionOptions(TypedDict, total=False):
    """How the server is reached. All times in seconds."""

    url: str | None
    api_key: ApiKey | None
    timeout: float
    connect_timeout: float
    http: Mapping[str, Any]


class Options(ConnectionOptions, total=False):
    """How a configuration is followed. All times in seconds; see `Settings` for the meaning."""

    prefix: str
    start_timeout: float
    max_age: float | None
    cache: str | Path | None
    cache_key: str | bytes | None
    cache_max_age: float
    silence: float
    poll_wait: float
    read_interval: float
    max_backoff: float
    patience: float


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How the server is reached.

    Args:
        url: the address of the server; else the variable CENTRAL_CONFIG_URL.
        api_key: an API key or a function that returns one; else CENTRAL_CONFIG_API_KEY.
        timeout: of reading an answer (s).
        connect_timeout: of connecting (s).
        http: further arguments of `httpx2.Client`, as `verify`, `cert` or `proxy`.
    """

    url: str | None = None
    api_key: ApiKey | None = field(default=None, repr=False)
    timeout: float = 10.0
    connect_timeout: float = 5.0
    http: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

    def base_url(self) -> str:
        """Return the address of the server.

        Raises:
            ValueError: none is given, or it is none.
        """
        url = self.url or os.environ.get(URL_VARIABLE, "")  # noqa: TID251 - no settings here
        if urlsplit(url).scheme not in {"http", "https"}:
            raise ValueError(f"give the server's http(s) address as url or in {URL_VARIABLE}")
        return url.rstrip("/")

    def token(self) -> str:
        """Return the present API key.

        Raises:
            ValueError: none is given.
        """
        key = self.api_key or os.environ.get(KEY_VARIABLE, "")  # noqa: TID251
        token = key if isinstance(key, str) else key()
        if not token:
            raise ValueError(f"give an API key as api_key or in {KEY_VARIABLE}")
        return token


@dataclass(frozen=True, kw_only=True)
class Settings(Connection):
    """How a configuration is followed.

    Args:
        prefix: only keys that begin so. It is a prefix of the text: `db` is also `db-old`.
        start_timeout: how long `start` waits for the first answer (s).
        max_age: reads raise `StaleError` when the server has not confirmed the configuration for
            so long (s); None: they never do.
        cache: a file that keeps the configuration for starts without the server; None: none.
            It holds all values in clear, secrets too if the API key is given them; mode 0600.
        cache_key: signs the cache; what is not signed with it is refused.
        cache_max_age: an older cache is refused (s).
        silence: a connection that says nothing for so long is dead (s); the server's streams say
            something every 15 seconds.
        poll_wait: how long the server may hold a long poll (s).
        read_interval: time between reads where not even long polls pass (s).
        max_backoff: longest time between attempts (s).
        patience: time before streaming is tried again after it was found blocked; doubles with
            each vain attempt, up to 20 times that (s).
    """

    prefix: str = ""
    start_timeout: float = 10.0
    max_age: float | None = None
    cache: str | Path | None = None
    cache_key: str | bytes | None = field(default=None, repr=False)
    cache_max_age: float = 7 * 86400.0
    silence: float = 40.0
    poll_wait: float = 30.0
    read_interval: float = 10.0
    max_backoff: float = 15.0
    patience: float = 30.0
