"""What an operator types about the AI engine, on the service's own settings."""
