"""Shows that work is going on: on stderr, only on a terminal, only when it takes a while."""

import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress

# Nobody wants to see a flicker; nobody wants to wait without a sign (seconds).
DELAY = 1.0


@contextmanager
def spinner(message: str) -> Generator[None]:
    """Turn a spinner beside the message while the block runs longer than `DELAY`."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    thread = threading.Thread(target=_spin, args=(message, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _spin(message: str, done: threading.Event) -> None:
    if done.wait(DELAY):
        return
    from rich.console import Console  # noqa: PLC0415 - only when there is something to wait for

    with Console(stderr=True).status(message, spinner="dots"):
        done.wait()


def pause(seconds: float, message: str) -> None:
    """Wait, saying why."""
    if not sys.stderr.isatty():
        time.sleep(seconds)
        return
    from rich.console import Console  # noqa: PLC0415 - see above

    with Console(stderr=True).status(message, spinner="dots"):
        time.sleep(seconds)


class Bar:
    """A bar for work whose size is known after a while; nothing where there is no terminal."""

    def __init__(self, message: str) -> None:
        self._message = message
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        """Begin."""
        if sys.stderr.isatty():
            from rich.console import Console  # noqa: PLC0415 - see above
            from rich.progress import Progress  # noqa: PLC0415

            self._progress = Progress(console=Console(stderr=True), transient=True)
            self._progress.start()
            self._task = self._progress.add_task(self._message, total=None)
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()

    def show(self, message: str, done: int | None = None, total: int | None = None) -> None:
        """Say how far the work has come."""
        if self._progress is not None:
            self._progress.update(
                self._task, description=message, completed=done, total=total or None
            )
