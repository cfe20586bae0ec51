"""What maintenance there is, what a report of it says, and the arithmetic of its advice."""
