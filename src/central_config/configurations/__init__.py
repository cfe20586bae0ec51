"""Keys, values, changes, revisions and snapshots: the reason this service exists. Read it first.

Walk a write: `routes` -> `service.publishing` (who may, what is asked) -> `service.writer` (one
transaction for many publications) -> `store` (SQL). Walk a read: `routes` -> `service.reading` ->
`cache` (workspaces in memory) -> `model.state`.
"""
