"""The servers that are compared, started on loopback and ended whatever happens."""
