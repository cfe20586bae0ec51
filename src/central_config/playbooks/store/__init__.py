"""What is asked of PostgreSQL and Redis, also when they hardly answer."""
