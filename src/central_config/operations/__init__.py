"""Operating the service: maintenance, and the background jobs as operators see them.

Start with `service`; `tasks` are the jobs themselves.
"""
