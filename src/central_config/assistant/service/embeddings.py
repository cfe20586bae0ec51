"""The word vectors that AI_EMBEDDINGS names: read beside everything else, and done without."""

import asyncio
import contextlib
import gzip
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import structlog

from central_config.assistant.model.planning.meaning import Meanings, MeaningsError
from central_config.assistant.service.engine.doctor import Probe

log = structlog.get_logger(__name__)

_LONGEST_LINE = 128 * 1024
# Reading takes seconds of computing; every so many lines others get their turn (s).
_STRIDE, _PAUSE = 64, 0.0005


def load(path: Path, stopped: threading.Event | None = None) -> Meanings:
    """Return the word vectors of a file; it takes seconds, so call it in a thread.

    Args:
        path: text in the form of word2vec or GloVe, also compressed (`.gz`).
        stopped: once it is set, reading is given up.

    Raises:
        MeaningsError: there are none to be had; it says why.
    """
    try:
        # Optional (`central-config[semantic]`): it needs numpy.
        from central_config.assistant.model.planning.semantic import WordVectors  # noqa: PLC0415
    except ImportError as error:
        message = "AI_EMBEDDINGS needs numpy: install `central-config[semantic]`"
        raise MeaningsError(message) from error
    try:
        with _opened(path) as file:
            return WordVectors.read(_lines(file, stopped or threading.Event()))
    except MeaningsError as error:
        raise MeaningsError(f"{path} holds no word vectors: {error}") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MeaningsError(f"{path} cannot be read: {reason}") from error


def examine_embeddings(path: Path) -> Probe:
    """Return whether the word vectors of a file can be used; without them the engine is fit too."""
    try:
        found = load(path)
    except MeaningsError as error:
        return Probe("embeddings", "warning", f"{error}; keys are found by their letters alone")
    return Probe("embeddings", "ok", f"{found.summary}, from {path}")


class Embeddings:
    """Reads the file once, and hands on what it found; a process neither waits nor fails for it.

    Args:
        path: the file, or None for none.
        found: gets the vectors.
    """

    def __init__(self, path: Path | None, found: Callable[[Meanings], None]) -> None:
        self._path = path
        self._found = found
        self._stopped = threading.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running event loop."""
        if self._path is not None:
            self._task = asyncio.create_task(self._run(self._path))

    async def stop(self) -> None:
        """Give up what is not read yet."""
        self._stopped.set()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self, path: Path) -> None:
        began = time.monotonic()
        try:
            meanings = await asyncio.to_thread(load, path, self._stopped)
        except MeaningsError as error:
            log.warning("no word vectors: keys are found by their letters alone", reason=str(error))
            return
        self._found(meanings)
        seconds = round(time.monotonic() - began, 1)
        log.info("word vectors are read", path=str(path), found=meanings.summary, seconds=seconds)


def _opened(path: Path) -> IO[bytes] | gzip.GzipFile:
    if path.suffix == ".gz":
        return gzip.open(path, "rb")
    return path.open("rb")


def _lines(file: IO[bytes] | gzip.GzipFile, stopped: threading.Event) -> Iterator[bytes]:
    """Yield the lines, and leave the processor to others now and then.

    Raises:
        MeaningsError: a line is longer than any vector: the file is of another kind.
    """
    number = 0
    while (line := file.readline(_LONGEST_LINE)) and not stopped.is_set():
        if len(line) == _LONGEST_LINE:
            raise MeaningsError("a line of it is too long for `word number number ...`")
        number += 1
        if number % _STRIDE == 0:
            time.sleep(_PAUSE)
        yield line
