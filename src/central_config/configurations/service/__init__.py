"""What can be done with configuration. "How does a write work?" starts at `publishing`.

Other features read through `Snapshots`, and hear of each revision as a `Step`.
"""

from central_config.configurations.cache import Snapshots, Step

__all__ = ["Snapshots", "Step"]
