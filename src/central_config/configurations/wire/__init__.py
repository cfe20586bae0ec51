"""HTTP models of configuration."""
