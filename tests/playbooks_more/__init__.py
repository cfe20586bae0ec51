"""Looking at the system, and the playbooks beyond those of its servers."""
