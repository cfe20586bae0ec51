"""The command line: its parts alone, and whole against a running server."""
