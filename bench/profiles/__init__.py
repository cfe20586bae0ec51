"""Scripts that measure parts of the service in process, and the profiles they gave."""
