"""Every setting of the service, read from environment variables once at start.

The variable is the field's name in capitals (`DATABASE_URL`, `METRICS_PORT`). Secrets may come
from a file instead: `NAME_FILE` holds the path (the form Docker and Kubernetes mount).
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from typing_extensions import override

FILE_SUFFIX = "_FILE"


class FileVariables(EnvSettingsSource):
    """Reads `NAME_FILE` for every setting `NAME`, so a secret need not stand in the environment."""

    @override
    def get_field_value(self, field: object, field_name: str) -> tuple[str | None, str, bool]:
        path = os.environ.get(field_name.upper() + FILE_SUFFIX)  # noqa: TID251 - this is core.settings
        if path is None:
            return None, field_name, False
        return Path(path).read_text(encoding="utf-8").strip(), field_name, False


class Settings(BaseSettings):
    """The settings of one process.

    Times are seconds, sizes are bytes unless the description says otherwise.
    """

    model_config = SettingsConfigDict(case_sensitive=False, extra="ignore", frozen=True)

    # Database
    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL address, `postgresql://...`, in the form psql accepts"
    )
    database_pool_size: int = Field(default=10, ge=1, description="Connections kept per process")
    database_max_overflow: int = Field(default=10, ge=0, description="Further ones under load")
    database_pool_timeout: float = Field(
        default=30, gt=0, description="How long a request waits for a connection"
    )
    database_pool_recycle: int = Field(default=3600, description="Age at which one is replaced")
    database_listen_url: SecretStr | None = Field(
        default=None,
        description="Direct address for LISTEN where DATABASE_URL is a transaction pooler",
    )
    database_statement_cache: bool = Field(
        default=True, description="false behind PgBouncer in transaction mode"
    )

    # Redis or Valkey
    redis_url: SecretStr | None = Field(default=None, description="Redis or Valkey address")
    cache_default_timeout: int = Field(default=300, ge=0, description="Life of a cached entry")
    cache_key_prefix: str = Field(default="central_config:", description="Prefix of cache keys")
    cache_redis_db: int = Field(default=0, ge=0, description="Database number of the cache")
    cache_max_connections: int = Field(default=50, ge=1, description="Redis connections kept")

    # Background work
    celery_broker_url: SecretStr | None = Field(
        default=None, description="Queue address; default is REDIS_URL with database number 1"
    )
    celery_worker_concurrency: int = Field(default=4, ge=1, description="Worker processes")
    celery_worker_prefetch_multiplier: int = Field(default=2, ge=1, description="Jobs held ready")
    celery_task_soft_time_limit: int = Field(default=300, ge=1, description="A job is asked to end")
    celery_task_time_limit: int = Field(default=600, ge=1, description="A job is ended")

    # AI engine
    ai_enabled: bool = Field(default=False, description="Switches the AI engine on")
    ollama_base_url: str = Field(default="http://127.0.0.1:11434", description="Ollama address")
    ai_model: str = Field(default="llama3.2:3b", description="Model asked")

    # Serving
    host: str = Field(default="127.0.0.1", description="Address the API listens on")
    port: int = Field(default=8000, ge=1, le=65535, description="Port of the API")
    metrics_host: str = Field(default="127.0.0.1", description="Address of /metrics")
    metrics_port: int = Field(default=9000, ge=0, le=65535, description="Port of /metrics; 0 = off")
    trusted_proxies: str = Field(
        default="", description="Comma-separated addresses whose X-Forwarded-For is believed"
    )
    max_body_bytes: int = Field(
        default=32 * 1024 * 1024, ge=1024, description="Largest request body accepted"
    )
    rate_limit_per_key: int = Field(
        default=10_000,
        ge=0,
        description="Requests a second one credential may make of one replica; 0 = no limit",
    )
    snapshot_memory_bytes: int = Field(
        default=1024**3,
        ge=0,
        description="What the workspaces in memory may take together; beyond it those that nobody "
        "reads, writes or watches are put away until their next use; 0 = no bound",
    )
    data_plane: bool = Field(
        default=True,
        description="false answers everything through the framework: slower, for comparison only",
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR")
    log_format: str = Field(default="json", pattern="^(json|console)$", description="Log form")

    # Secrets and sign-in
    master_key: SecretStr | None = Field(
        default=None,
        description="32 bytes, base64: wraps the data key of every workspace (or MASTER_KEY_FILE)",
    )
    admin_username: str = Field(default="admin", description="First administrator")
    admin_password: SecretStr | None = Field(
        default=None, description="First administrator's password; generated when absent"
    )
    session_lifetime: int = Field(default=12 * 3600, ge=60, description="Life of a sign-in")

    # One-machine default
    data_dir: Path | None = Field(
        default=None,
        description="Where `serve` keeps its data; /var/lib/central-config for root, "
        "the user's state directory otherwise",
    )
    postgres_bin: Path | None = Field(
        default=None, description="Directory of PostgreSQL programs `serve` uses"
    )
    sample_workspace: bool = Field(
        default=False, description="`serve` creates a small sample workspace on its first start"
    )

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Explicit arguments first, then variables, then the files that variables name."""
        return init_settings, env_settings, FileVariables(settings_cls)

    @model_validator(mode="after")
    def time_limits_in_order(self) -> Self:
        """Refuse a hard limit that would strike before the soft one."""
        if self.celery_task_time_limit < self.celery_task_soft_time_limit:
            message = "CELERY_TASK_TIME_LIMIT is below CELERY_TASK_SOFT_TIME_LIMIT"
            raise ValueError(message)
        return self

    def require_database_url(self) -> str:
        """Return the database address.

        Raises:
            SystemExit: when DATABASE_URL is not set.
        """
        if self.database_url is None:
            message = "DATABASE_URL is not set (or start everything with `central-config serve`)"
            raise SystemExit(message)
        return self.database_url.get_secret_value()

    def broker_url(self) -> str:
        """Return the queue's address: its own, or database 1 of REDIS_URL."""
        if self.celery_broker_url is not None:
            return self.celery_broker_url.get_secret_value()
        if self.redis_url is None:
            message = "REDIS_URL or CELERY_BROKER_URL is not set"
            raise SystemExit(message)
        return celery_form(with_database_number(self.redis_url.get_secret_value(), 1))


def with_database_number(url: str, number: int) -> str:
    """Return a Redis address that selects database `number`; works for TCP and unix sockets."""
    if url.startswith("unix://"):
        return f"{url.partition('?')[0]}?db={number}"
    return urlsplit(url)._replace(path=f"/{number}").geturl()


def celery_form(url: str) -> str:
    """Return the address as Celery spells it: `redis+socket://` for a unix socket."""
    if url.startswith("unix://"):
        return url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)
    return url


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()
