"""A plan written by a model: what it is told, what it may answer, and what code sets right."""
