"""Compares what is live with what would take its place."""

from central_config.backups.model.restores import WorkspaceFate
from central_config.backups.store.afterwards import Known
from central_config.backups.store.contents import Contents

# What grows with every request and tells an operator nothing.
_UNTOLD = {"cc_idempotency", "cc_job", "cc_session", "cc_schedule", "cc_backup_run"}


def fates(live: Contents | None, restored: Contents) -> tuple[WorkspaceFate, ...]:
    """Return what becomes of each workspace, those that lose something first."""
    now = {} if live is None else live.workspaces
    found = [
        _fate(now.get(each), restored.workspaces.get(each))
        for each in now.keys() | restored.workspaces.keys()
        if _present(now.get(each)) or _present(restored.workspaces.get(each))
    ]
    return tuple(sorted(found, key=lambda each: (each.fate == "same", each.slug)))


def rows(live: Contents | None, restored: Contents) -> dict[str, tuple[int, int]]:
    """Return the tables that have another number of rows: now, and restored."""
    if live is None:
        return {}
    return {
        table: (live.counts.get(table, 0), restored.counts.get(table, 0))
        for table in sorted(live.counts.keys() | restored.counts.keys())
        if table not in _UNTOLD and live.counts.get(table) != restored.counts.get(table)
    }


def _present(known: Known | None) -> bool:
    return known is not None and not known.deleted


def _fate(live: Known | None, restored: Known | None) -> WorkspaceFate:
    known = live or restored
    slug = "" if known is None else known.slug
    before = None if live is None else live.revision
    after = None if restored is None else restored.revision
    if live is None:
        return WorkspaceFate(slug, "new", before, after)
    if restored is None or (restored.deleted and not live.deleted):
        return WorkspaceFate(slug, "vanishes", before, after)
    if live.deleted:
        return WorkspaceFate(slug, "comes back", before, after)
    if live.revision == restored.revision:
        return WorkspaceFate(slug, "same", before, after)
    fate = "older" if restored.revision < live.revision else "newer"
    return WorkspaceFate(slug, fate, before, after)
