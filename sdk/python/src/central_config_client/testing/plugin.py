"""The pytest plugin: the fixture `central_config`."""

import pytest

from central_config_client.testing.fake import FakeConfig


@pytest.fixture
def central_config() -> FakeConfig:
    """A configuration in memory, empty at first; read as `Config` and `AsyncConfig` are."""
    return FakeConfig()
