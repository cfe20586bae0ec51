"""Encryption of secret values, and the guess whether a value is a secret.

Every workspace has a data key; the master key wraps it. Start with `model` (the form of a sealed
value), then `service`.
"""
