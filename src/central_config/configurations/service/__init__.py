"""What can be done with configuration. "How does a write work?" starts at `publishing`."""
