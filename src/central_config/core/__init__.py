"""The ground every feature stands on: settings, database, problems, ids, clock, logging, metrics.

Nothing here knows what a configuration is. Start with `settings` and `problems`.
"""
