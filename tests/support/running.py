"""API processes, each on a database of its own in which the administrator can sign in."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from tests.support.api import ApiProcess, free_port
from tests.support.servers import cloned_database


class RunningApi(Protocol):
    """Starts an API for as long as a context lasts."""

    def __call__(self, **settings: str) -> AbstractContextManager[ApiProcess]:
        """Start it with these settings beside the usual ones, on a fresh database."""
        ...


def api_runner(template_url: str, redis_url: str, new_place: Callable[[str], Path]) -> RunningApi:
    """Return what starts them; `new_place` gives a new directory for the log of each."""

    @contextlib.contextmanager
    def run(**settings: str) -> Iterator[ApiProcess]:
        with cloned_database(template_url, bootstrapped=True) as url:
            api = ApiProcess(url, redis_url, new_place("api") / "api.log", settings)
            with started(api):
                yield api

    return run


@contextlib.contextmanager
def started(*processes: ApiProcess) -> Iterator[None]:
    """Start processes one after the other; stop them all at the end, killed ones too."""
    with contextlib.ExitStack() as stack:
        for each in processes:
            each.start()
            stack.callback(each.stop)
        yield


def without_model() -> dict[str, str]:
    """Return settings of an AI engine that is on, with nobody listening where it looks for one."""
    return {"AI_ENABLED": "true", "OLLAMA_BASE_URL": f"http://127.0.0.1:{free_port()}"}
