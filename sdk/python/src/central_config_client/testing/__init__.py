"""For the tests of applications: a configuration in memory, without a server.

With pytest the fixture `central_config` is there as soon as this package is installed.
"""

from central_config_client.testing.fake import FakeConfig

__all__ = ["FakeConfig"]
