"""Looks at the system, plans, acts and verifies."""
