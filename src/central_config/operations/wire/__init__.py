"""HTTP models of operating the service."""
