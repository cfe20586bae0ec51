"""Load generators: h2load, and raw-socket clients where a request depends on the last answer."""
