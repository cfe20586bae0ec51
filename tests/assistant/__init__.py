"""The assistant against a real service, and its parts by themselves."""
