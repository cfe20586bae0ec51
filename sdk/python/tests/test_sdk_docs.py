"""The Python that the pages show runs."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.api import ApiProcess, Client

from central_config_client.testing import FakeConfig

PROJECT = Path(__file__).parent.parent
PAGES = {
    "README": PROJECT / "README.md",
    "how-to": PROJECT.resolve().parent.parent / "docs" / "how-to" / "use-the-python-sdk.md",
}
BLOCKS = [
    pytest.param(block, id=f"{name}-{number}")
    for name, page in PAGES.items()
    for number, block in enumerate(
        re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    )
]
VALUES = {
    "app/name": "shop",
    "app/host": "shop.example",
    "app/workers": 4,
    "app/patience": "1m30s",
    "app/db/host": "db.internal",
    "app/db/port": 5432,
    "app/db/max-idle": 5,
}


@pytest.fixture(scope="module")
def shop(server: ApiProcess, admin: Client) -> Iterator[str]:
    """The workspace the pages speak of; a key that may write to it."""
    admin.ok("POST", "/workspaces", json={"slug": "shop"})
    admin.ok("POST", "/workspaces/shop/environments", json={"slug": "prod"})
    for key, value in VALUES.items():
        admin.put(f"shop/prod/{key}", value)
    body = {"name": "docs", "workspace": "shop", "access": "write", "secrets": False}
    yield str(admin.ok("POST", "/keys", json=body)["token"])
    admin.ok("DELETE", "/workspaces/shop")


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_runs(
    block: str, shop: str, server: ApiProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CENTRAL_CONFIG_URL", server.url)
    monkeypatch.setenv("CENTRAL_CONFIG_API_KEY", shop)
    monkeypatch.chdir(tmp_path)
    block = block.replace("time.sleep(60)", "time.sleep(0.1)")
    block = block.replace(', url="https://config.example.org", api_key="cc_..."', "")
    names: dict[str, Any] = {"Application": Application, "__name__": "page"}
    # Dataclasses look their module up.
    exec(compile(block, "page", "exec", dont_inherit=True), names)  # noqa: S102
    for name in [name for name in names if name.startswith("test_")]:
        names[name](FakeConfig())


class Application:
    def __init__(self, config: FakeConfig) -> None:
        self.config = config

    @property
    def workers(self) -> int:
        return self.config.get_int("app/workers")
