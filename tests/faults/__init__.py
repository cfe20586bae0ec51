"""The real thing is broken, the alert fires, the playbook mends it, the alert is over."""
