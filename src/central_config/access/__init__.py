"""Who may do what: users, sessions, API keys, roles, permissions.

Start with `model` (principals, scopes, the catalogue of permissions), then `service`.
"""
