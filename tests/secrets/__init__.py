"""Secrets: sealed where they lie, masked wherever they could come out."""
