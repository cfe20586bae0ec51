"""An API whose AI engine hangs from the start: it is ready, and reads do not notice."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.assistant.engine.conftest import MODEL
from tests.support.api import ApiProcess, Client, Workspace, free_port
from tests.support.ollama import Canned, Fault, Ollama, serving
from tests.support.running import RunningApi

# No parser knows these words, so the model is asked.
QUESTION = "which zorgles quux the frobnicators?"
WELL, NOT_WELL, REFUSED, UNKNOWN = 0, 1, 2, 3


@pytest.fixture(scope="module")
def hanging() -> Iterator[Ollama]:
    with serving({MODEL: Canned('{"word": "seven"}')}) as ollama:
        ollama.fault = Fault.HANG
        yield ollama


@pytest.fixture(scope="module")
def api(hanging: Ollama, running_api: RunningApi) -> Iterator[ApiProcess]:
    with running_api(AI_ENABLED="true", OLLAMA_BASE_URL=hanging.url, AI_MODEL=MODEL) as api:
        yield api


@pytest.fixture
def bank(api: ApiProcess) -> Iterator[Workspace]:
    admin = api.sign_in()
    made = Workspace(admin)
    admin.put(made.place("prod", "app/timeout"), 30)
    yield made
    admin.close()


def ask(client: Client, bank: Workspace) -> Any:
    return client.ok("POST", f"{bank.path}/ask", json={"question": QUESTION})


def until(holds: Callable[[], object], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def counted(api: ApiProcess, operation: str, outcome: str) -> float:
    """Return how many operations ended so, as Prometheus sees it."""
    text = httpx2.get(f"http://127.0.0.1:{api.metrics_port}/metrics").text
    series = f'central_config_ai_operations_total{{operation="{operation}",outcome="{outcome}"}}'
    (value,) = re.findall(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    return float(value)


def test_it_is_ready_while_the_model_is_being_loaded_in_vain(
    api: ApiProcess, hanging: Ollama
) -> None:
    until(lambda: hanging.asked)
    assert httpx2.get(f"{api.url}/health/ready").status_code == 200
    assert counted(api, "plan", "error") == 0


def test_reads_go_on_while_questions_hang(
    api: ApiProcess, hanging: Ollama, bank: Workspace
) -> None:
    asked = len(hanging.asked)
    with ThreadPoolExecutor(4) as pool:
        clients = [api.with_token(str(bank.admin.token)) for _ in range(4)]
        questions = [pool.submit(ask, client, bank) for client in clients]
        until(lambda: len(hanging.asked) > asked)
        for _ in range(300):
            assert bank.admin.value(bank.place("prod", "app/timeout")) == 30
        assert httpx2.get(f"{api.url}/health/ready").status_code == 200
        assert not all(each.done() for each in questions), "nothing hung"
        answers = [each.result() for each in questions]
    for client in clients:
        client.close()
    assert all(each["degraded"] for each in answers)
    assert all("AI engine" in str(each) for each in answers), answers
    assert counted(api, "plan", "error") + counted(api, "plan", "busy") == 4


def test_what_was_asked_is_in_the_audit_log(bank: Workspace) -> None:
    ask(bank.admin, bank)
    found = bank.admin.ok("GET", "/audit", params={"action": "ai.called"})["items"]
    assert {each["details"]["outcome"] for each in found} <= {"error", "busy"}
    assert {each["details"]["purpose"] for each in found} == {"plan"}
    assert "zorgles" not in str(found)


def test_the_model_is_loaded_once_it_can_be(hanging: Ollama, api: ApiProcess) -> None:
    hanging.fault = Fault.NONE
    until(lambda: hanging.models[MODEL].is_loaded, seconds=60)
    assert httpx2.get(f"{api.url}/health/ready").status_code == 200


def doctor(ollama: Ollama, **variables: str) -> tuple[int, str]:
    given = {"AI_ENABLED": "true", "OLLAMA_BASE_URL": ollama.url, "AI_MODEL": MODEL, **variables}
    done = subprocess.run(
        [sys.executable, "-m", "central_config", "ai", "doctor"],
        env={"PATH": str(Path(sys.executable).parent), **given},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_doctor_looks() -> None:
    with serving({MODEL: Canned('{"word": "seven"}')}) as ollama:
        code, said = doctor(ollama)
        assert (code, said.count("ok  "), said.count("warning")) == (WELL, 3, 1), said
        assert "version 0.24.0" in said
        assert "first question waits" in said
        code, said = doctor(ollama)
        assert (code, said.count("ok  ")) == (WELL, 4), said
        code, said = doctor(ollama, AI_CONTEXT_TOKENS="8192")
        assert "loaded for 4096 tokens, 8192 are wanted" in said
        code, said = doctor(ollama, AI_MODEL="llama3.2:3b")
        assert code == NOT_WELL
        assert "does not have llama3.2:3b (it has: tiny:1b): `ollama pull llama3.2:3b`" in said
        ollama.fault = Fault.OTHER_SCHEMA
        code, said = doctor(ollama)
        assert (code, "bad      answer" in said, "form asked for" in said) == (NOT_WELL, True, True)


def test_the_doctor_says_what_is_wrong() -> None:
    with serving({MODEL: Canned("x")}) as ollama:
        ollama.fault = Fault.PAGE
        code, said = doctor(ollama)
        assert (code, "cannot be read" in said) == (NOT_WELL, True), said
        code, said = doctor(ollama, OLLAMA_BASE_URL=f"http://127.0.0.1:{free_port()}")
        assert (code, "cannot be reached: at http://127.0.0.1:" in said) == (NOT_WELL, True), said
        code, said = doctor(ollama, AI_ENABLED="false")
        assert (code, "AI_ENABLED is false" in said) == (REFUSED, True), said
