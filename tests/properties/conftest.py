"""How hard Hypothesis tries: the same examples each time in CI, new ones elsewhere."""

import os

from hypothesis import HealthCheck, settings

_COMMON = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
settings.register_profile("central-config", _COMMON)
settings.register_profile("central-config-ci", _COMMON, derandomize=True)
settings.load_profile("central-config-ci" if os.environ.get("CI") else "central-config")
