"""What configuration is, without I/O: keys, references, the state of a workspace, changes."""
