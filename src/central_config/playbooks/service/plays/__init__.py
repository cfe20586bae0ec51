"""The playbooks, one module each, and what several of them plan with."""
