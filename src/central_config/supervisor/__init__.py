"""The one-machine default: PostgreSQL, Valkey, API, worker and beat under one command."""
