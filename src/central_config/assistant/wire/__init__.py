"""HTTP models of the assistant."""
