"""What could be wrong with a change: checks, their evidence, the risk, a workspace's policies."""
