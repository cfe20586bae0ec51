"""SQL of operating the service: reports, sizes, and what PostgreSQL tells about itself."""
