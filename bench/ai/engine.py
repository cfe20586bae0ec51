"""The model the cascade asks: one behind an address, or a file that is served for this run."""

import contextlib
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from bench.place import HERE, scratch
from bench.processes import Child, free_port

_ROOT = HERE.parent


class _Served(Child):
    """The model's server; ready once it listens."""

    def __init__(self, argv: Sequence[str], port: int) -> None:
        super().__init__(argv, scratch("model.log"), cwd=_ROOT)
        self._port = port

    def is_ready(self) -> bool:
        """Tell whether it listens."""
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


class Model(msgspec.Struct, frozen=True):
    """Where it is asked, and what it is called."""

    url: str
    name: str


@contextlib.contextmanager
def model(url: str | None, name: str, file: Path | None, python: str) -> Iterator[Model | None]:
    """Give the model: behind `url`, or from a GGUF file; None when there is neither.

    `python` is an interpreter that has `xllamacpp`, which serves the file.
    """
    if url is not None:
        yield Model(url, name)
        return
    if file is None:
        yield None
        return
    port = free_port()
    argv = [python, "-m", "tests.support.ollama", "--port", str(port), "--model", f"{name}={file}"]
    with _Served(argv, port):
        yield Model(f"http://127.0.0.1:{port}", name)


def default_file() -> Path | None:
    """Return the largest model in the directory that CENTRAL_CONFIG_TEST_MODELS names, if any."""
    place = os.environ.get("CENTRAL_CONFIG_TEST_MODELS")
    files = [] if place is None else sorted(Path(place).glob("*.gguf"), key=_size)
    return files[-1] if files else None


def default_python() -> str:
    """Return the interpreter beside those models, or this one."""
    place = os.environ.get("CENTRAL_CONFIG_TEST_MODELS")
    found = None if place is None else Path(place) / "v" / "bin" / "python"
    return str(found) if found is not None and found.exists() else sys.executable


def _size(file: Path) -> int:
    return file.stat().st_size
