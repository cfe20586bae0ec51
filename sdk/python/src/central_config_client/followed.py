"""What `Config` and `AsyncConfig` share: everything but the waiting."""

import logging
from pathlib import Path
from typing import Unpack

from central_config_client.cache import Cache, Keeper
from central_config_client.current import Current
from central_config_client.errors import CentralConfigError, StaleError, UnavailableError
from central_config_client.feed import Feed, State, Status
from central_config_client.options import Options, Settings
from central_config_client.view import View

log = logging.getLogger("central_config_client")


class Followed(View):
    """An environment that is followed.

    Args:
        workspace: its slug.
        environment: its slug.
        options: see `Settings`.
    """

    def __init__(self, workspace: str, environment: str, **options: Unpack[Options]) -> None:
        settings = Settings(**options)
        super().__init__(Current(), f"{workspace}/{environment}", settings.max_age)
        self._settings = settings
        self._place = workspace, environment
        self._feed = Feed(self._current, self._place, settings)
        self._keeper: Keeper | None = None
        self._cache_error: CentralConfigError | None = None
        self._said: State = "starting"

    @property
    def status(self) -> Status:
        """How following goes: state, way, source, revision, age, error."""
        return self._feed.status()

    @property
    def error(self) -> Exception | None:
        """What is in the way of being live at the moment; None if nothing is."""
        return self._feed.error

    def _prepare(self) -> None:
        """Check what is configured, and look into the cache."""
        settings = self._settings
        if not callable(settings.api_key):
            settings.token()
        url = settings.base_url()
        if settings.cache is None:
            return
        identity = {
            "url": url,
            "workspace": self._place[0],
            "environment": self._place[1],
            "prefix": settings.prefix,
        }
        path = Path(settings.cache)
        cache = Cache(path, identity, settings.cache_key, settings.cache_max_age)
        self._keeper = Keeper(cache, self._current)
        try:
            self._feed.remember(cache.load())
        except CentralConfigError as error:
            self._cache_error = error
            if path.exists():
                log.warning("the cache is not used: %s", error)

    def _check_start(self) -> None:
        """Raise what keeps the start from having succeeded, if anything does."""
        refused = self._feed.error if self._feed.state == "refused" else None
        if refused is None:
            # It may still be waiting for an answer.
            self._feed.fall_back()
        if self._current.source is not None:
            return
        if refused is not None:
            raise refused
        cause = self._feed.error or UnavailableError("no answer in time")
        if self._cache_error is None:
            raise UnavailableError(f"{self._where}: {cause}") from cause
        if isinstance(self._cache_error, StaleError):
            raise self._cache_error from cause
        raise type(self._cache_error)(f"{self._cache_error}, and {cause}") from cause

    def _say(self) -> None:
        """Log when the state changes."""
        state = self._feed.state
        if state != self._said:
            self._said = state
            level = logging.INFO if state == "live" else logging.WARNING
            log.log(level, "%s: %s (%s)", self._where, state, self._feed.error or self._feed.way)
