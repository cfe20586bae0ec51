"""Alert rules, routing and dashboards, tried with the real programs."""
