"""The file of word vectors is read beside everything else; without it everything goes on."""

import asyncio
import gzip
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from central_config.assistant.model.planning.meaning import Meanings, MeaningsError
from central_config.assistant.service.embeddings import Embeddings, examine_embeddings, load
from tests.assistant.engine.conftest import MODEL
from tests.assistant.engine.test_in_the_api import doctor, until
from tests.assistant.planning.vectors import LINES
from tests.support.api import ApiProcess
from tests.support.ollama import Canned, serving


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    path = tmp_path / "vectors.txt"
    path.write_text(LINES)
    return path


async def started(path: Path | None) -> tuple[list[Meanings], list[Any]]:
    found: list[Meanings] = []
    embeddings = Embeddings(path, found.append)
    with capture_logs() as logs:
        embeddings.start()
        if embeddings._task is not None:
            await asyncio.wait_for(embeddings._task, 10)
        await embeddings.stop()
    return found, logs


def test_text_and_compressed_text_are_the_same(vectors: Path) -> None:
    packed = vectors.with_suffix(".txt.gz")
    packed.write_bytes(gzip.compress(LINES.encode()))
    assert load(vectors).summary == load(packed).summary == "10 words by 4 numbers"


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(MeaningsError, match=r"nowhere\.txt cannot be read: No such file"):
        load(tmp_path / "nowhere.txt")
    with pytest.raises(MeaningsError, match="cannot be read: Is a directory"):
        load(tmp_path)
    for name, content in (("no.gz", LINES.encode()), ("cut.gz", gzip.compress(b"a 1 2\n")[:-9])):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(MeaningsError, match=f"{name} cannot be read: .+"):
            load(path)


def test_what_is_something_else_is_said(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"3 2\n" + b"\x00" * 300_000)
    with pytest.raises(MeaningsError, match=r"model\.bin holds no word vectors: .*too long"):
        load(path)


def test_reading_is_given_up_when_the_process_ends(vectors: Path) -> None:
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(MeaningsError):
        load(vectors, stopped)


@pytest.mark.anyio
async def test_vectors_are_handed_on(vectors: Path) -> None:
    found, logs = await started(vectors)
    assert [each.summary for each in found] == ["10 words by 4 numbers"]
    assert logs[0]["event"] == "word vectors are read"


@pytest.mark.anyio
async def test_a_file_that_is_missing_is_said_and_done_without(tmp_path: Path) -> None:
    found, logs = await started(tmp_path / "nowhere.txt")
    assert found == []
    assert (logs[0]["log_level"], "nowhere.txt cannot be read" in logs[0]["reason"]) == (
        "warning",
        True,
    )


@pytest.mark.anyio
async def test_no_setting_no_word() -> None:
    assert await started(None) == ([], [])


def test_the_doctor_tells_how_it_stands(vectors: Path, tmp_path: Path) -> None:
    well, ill = examine_embeddings(vectors), examine_embeddings(tmp_path / "nowhere.txt")
    assert (well.status, well.summary) == ("ok", f"10 words by 4 numbers, from {vectors}")
    assert ill.status == "warning"
    assert ill.summary.endswith("No such file or directory; keys are found by their letters alone")


def test_without_numpy_it_says_what_to_install(vectors: Path) -> None:
    program = f"""
import sys
from pathlib import Path
sys.modules["numpy"] = None
from central_config.assistant.service.embeddings import examine_embeddings
print(examine_embeddings(Path({str(vectors)!r})).summary)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert "install `central-config[semantic]`" in done.stdout


def test_an_api_and_the_doctor_go_on_without(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere.txt"
    with serving({MODEL: Canned('{"word": "seven"}')}) as ollama:
        more = {"AI_ENABLED": "true", "OLLAMA_BASE_URL": ollama.url, "AI_MODEL": MODEL}
        more["AI_EMBEDDINGS"] = str(nowhere)
        code, said = doctor(ollama, **more)
        assert (code, "warning  embeddings" in said) == (0, True), said
        api = ApiProcess(database_url, redis_url, tmp_path / "api.log", more)
        api.start()
        try:
            until(lambda: f"{nowhere} cannot be read: No such file" in api.log.read_text())
        finally:
            api.stop()
