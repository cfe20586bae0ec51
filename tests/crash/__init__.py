"""What is left after processes die at the worst moment: everything that was acknowledged."""
