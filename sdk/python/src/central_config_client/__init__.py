"""Python client of central-config.

    from central_config_client import Config

    with Config("shop", "prod", prefix="app/") as config:
        config["app/host"]

`Config` and `AsyncConfig` hold an environment's configuration and keep it fresh; `Client` and
`AsyncClient` are the API. Every refusal of the service has a class in `problems`.
"""

from central_config_client.aio import AsyncClient, AsyncConfig
from central_config_client.binding import Live
from central_config_client.callbacks import Subscription
from central_config_client.calls import ANY, Entry, Written
from central_config_client.client import Client
from central_config_client.config import Config
from central_config_client.errors import (
    CacheError,
    CentralConfigError,
    FieldError,
    MaskedError,
    Mismatch,
    MissingKeyError,
    NotStartedError,
    ProblemError,
    StaleError,
    UnavailableError,
    WrongTypeError,
)
from central_config_client.feed import Status
from central_config_client.options import Options, Settings
from central_config_client.snapshot import ABSENT, Change, Snapshot
from central_config_client.view import View

__all__ = [
    "ABSENT",
    "ANY",
    "AsyncClient",
    "AsyncConfig",
    "CacheError",
    "CentralConfigError",
    "Change",
    "Client",
    "Config",
    "Entry",
    "FieldError",
    "Live",
    "MaskedError",
    "Mismatch",
    "MissingKeyError",
    "NotStartedError",
    "Options",
    "ProblemError",
    "Settings",
    "Snapshot",
    "StaleError",
    "Status",
    "Subscription",
    "UnavailableError",
    "View",
    "Written",
    "WrongTypeError",
]
