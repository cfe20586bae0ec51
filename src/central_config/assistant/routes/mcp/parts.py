"""The services that tools work with: those of the routes."""

from typing import NamedTuple

from central_config.assistant.service.reviewing import Reviewing
from central_config.configurations.service.changing import Changing
from central_config.configurations.service.history import History
from central_config.configurations.service.proposals import Proposals
from central_config.configurations.service.reading import Reading


class Parts(NamedTuple):
    """What the tools need of the application; reviews are there where AI_ENABLED is."""

    reading: Reading
    history: History
    proposals: Proposals
    changing: Changing
    reviewing: Reviewing | None
