"""What users' tests get."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from central_config_client import ABSENT, MaskedError, StaleError, View
from central_config_client.testing import FakeConfig

SOURCE = Path(__file__).parent.parent / "src"


def test_the_fixture(central_config: FakeConfig) -> None:
    told: list[tuple[Any, ...]] = []
    assert isinstance(central_config, View)
    central_config.set("a", 1)
    central_config.on_change(lambda *each: told.append(each))
    with central_config.override({"a": 2, "b": 3}) as config:
        assert (config["a"], config["b"]) == (2, 3)
    central_config.remove("a")
    assert dict(central_config) == {}
    assert told == [
        ("a", 1, 2, 3),
        ("b", ABSENT, 3, 3),
        ("a", 2, 1, 4),
        ("b", 3, ABSENT, 4),
        ("a", 1, ABSENT, 5),
    ]


def test_what_goes_wrong_can_be_tried() -> None:
    config = FakeConfig({"a": 1}, max_age=60)
    config.grow_old(61)
    with pytest.raises(StaleError):
        config.get("a")
    config = FakeConfig({"a": 1})
    config.mask("a")
    with pytest.raises(MaskedError):
        config.get("a")

    def bad(*_: object) -> None:
        raise RuntimeError("shown to the test")

    config.on_change(bad)
    with pytest.raises(RuntimeError, match="shown"):
        config.set("a", 2)


def test_coroutine_functions_are_called() -> None:
    told: list[Any] = []

    async def callback(key: str, old: Any, new: Any, revision: int) -> None:
        await asyncio.sleep(0)
        told.append(new)

    config = FakeConfig()
    config.on_change(callback)
    config.set("a", 1)
    assert told == [1]

    async def inside() -> None:
        async with FakeConfig() as config:
            config.on_change(callback)
            config.set("a", 2)
            await asyncio.sleep(0.01)

    asyncio.run(inside())
    assert told == [1, 2]


def test_the_plugin_in_a_project_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "def test_it(central_config):\n"
        "    central_config.set('a', 1)\n"
        "    assert central_config['a'] == 1\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "central_config_client.testing.plugin", "."],
        cwd=tmp_path,
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
