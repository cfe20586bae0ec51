"""What operators, dashboards and scripts rely on is there under its name."""
