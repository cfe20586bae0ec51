"""Every setting of the service, read from environment variables once at start.

The variable is the field's name in capitals (`DATABASE_URL`, `METRICS_PORT`). Secrets may come
from a file instead: `NAME_FILE` holds the path (the form Docker and Kubernetes mount).
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
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

    # What stands in a variable may be a password: a refusal names the variable, never its value.
    model_config = SettingsConfigDict(
        case_sensitive=False, extra="ignore", frozen=True, hide_input_in_errors=True
    )

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
    ai_context_tokens: int = Field(
        default=4096, ge=2048, description="Tokens of a question to it and its answer together"
    )
    ai_keep_alive: int = Field(
        default=1800, ge=-1, description="How long it stays in memory after an answer; -1 = always"
    )
    ai_concurrency: int = Field(
        default=2, ge=1, description="Questions one process asks it at the same time"
    )
    ai_embeddings: Path | None = Field(
        default=None,
        description="File of word vectors, the text form of word2vec or GloVe, also `.gz`, by "
        "which keys are found that share no letters with a question (needs "
        "`central-config[semantic]`); absent = found by letters alone",
    )

    # Assistants, by the Model Context Protocol
    mcp_enabled: bool = Field(
        default=False, description="Lets assistants ask at `/mcp` (Model Context Protocol)"
    )
    mcp_tools: str = Field(
        default="", description="Comma-separated tools they may use there; empty = all of them"
    )
    mcp_allowed_hosts: str = Field(
        default="",
        description="Comma-separated names by which `/mcp` may be addressed, `host` or "
        "`host:port`, besides those of this machine itself (`localhost`)",
    )
    mcp_allowed_origins: str = Field(
        default="",
        description="Comma-separated origins, `https://host`, whose pages in a browser may ask "
        "at `/mcp`; empty = none (what CORS needs besides is the proxy's to answer)",
    )

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

    # Traces
    traces_endpoint: str | None = Field(
        default=None,
        description="Where traces go: an OTLP/HTTP address such as http://collector:4318/v1/traces "
        "(needs `central-config[traces]`); without it there are none",
    )
    traces_sample: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="Share of the requests and jobs that begin a trace; one that comes with its "
        "caller's is a part of that one",
    )

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

    # Maintenance
    prometheus_url: SecretStr | None = Field(
        default=None,
        description="Prometheus that the weekly report asks how long answers took; without it the "
        "report knows the API on this machine since its start",
    )

    # Backups
    backup_repository: str | None = Field(
        default=None,
        description="Where backups go: a directory, or `s3://bucket/prefix`; absent = no backups",
    )
    backup_s3_endpoint: str | None = Field(
        default=None, description="S3 server, `https://host:port`; absent = Amazon's for the region"
    )
    backup_s3_region: str = Field(default="us-east-1", description="S3 region")
    backup_s3_key: SecretStr | None = Field(default=None, description="S3 access key")
    backup_s3_secret: SecretStr | None = Field(default=None, description="S3 secret key")
    backup_s3_ca_file: Path | None = Field(
        default=None, description="Certificates the S3 server's is checked with; absent = system's"
    )
    backup_passphrase: SecretStr | None = Field(
        default=None,
        description="Encrypts backups; keep it elsewhere too: without it they cannot be read",
    )
    backup_retention_full: int = Field(
        default=4, ge=1, description="Full physical backups kept, with all that depends on them"
    )

    # Telling people
    slack_webhook_url: SecretStr | None = Field(
        default=None, description="Incoming webhook of Slack that messages go to"
    )
    slack_channel: str = Field(
        default="", description="Channel for what names none, where the webhook lets one choose"
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server, `smtp://user:password@host:587` (STARTTLS) or `smtps://...`",
    )
    mail_from: str = Field(default="", description="Sender of mail, e.g. `config@example.org`")
    mail_to: str = Field(
        default="", description="Comma-separated recipients of mail that names none"
    )
    notify_webhook_url: SecretStr | None = Field(
        default=None, description="Address of yours that gets messages as signed JSON"
    )
    notify_webhook_secret: SecretStr | None = Field(
        default=None, description="What those messages are signed with (HMAC-SHA256)"
    )
    alerts_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Bearer token with which Alertmanager reports alerts; unset: it cannot",
    )

    # Audit log and certificates
    audit_retention_months: int = Field(
        default=13,
        ge=0,
        le=1200,
        description="Whole months the audit log keeps in the database beside this one; older "
        "ones are exported, verified, sealed and dropped. 0 = for ever",
    )
    audit_archive_dir: Path | None = Field(
        default=None,
        description="Where those exports go; absent = nothing leaves the database "
        "(`serve` uses `audit-archive` in its data directory)",
    )
    certificates: str = Field(
        default="",
        pattern=r"^(\s*[^=,\s]+=[^=,\s]+\s*(,\s*[^=,\s]+=[^=,\s]+\s*)*)?$",
        description="Certificates to look after, comma-separated: `name=/path/to/file.pem` or "
        "`name=host:port`",
    )

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

    @field_validator("ollama_base_url")
    @classmethod
    def address_of_a_server(cls, url: str) -> str:
        """Refuse what is no address of an Ollama, or holds a password: it goes into logs."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = "OLLAMA_BASE_URL is no address such as http://127.0.0.1:11434"
            raise ValueError(message)
        if parts.username is not None or parts.password is not None:
            message = "OLLAMA_BASE_URL holds a user or a password; Ollama has neither: leave it out"
            raise ValueError(message)
        return url

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

    def on_database(self, url: str) -> Self:
        """Return the same settings for another database."""
        changes = {"database_url": SecretStr(url), "database_listen_url": None}
        return self.model_copy(update=changes)

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
