"""The playbooks there are."""

from central_config.playbooks.model.errors import RefusedError
from central_config.playbooks.service.playbook import Playbook
from central_config.playbooks.service.plays import (
    ai_engine,
    archive_stuck,
    audit_chain_broken,
    certificate_expiring,
    connections,
    disk_full,
    key_leaked,
    redis_lost,
    replica_stale,
    slow,
    system_down,
)


def playbooks() -> tuple[Playbook, ...]:
    """Return every playbook, in the order they are listed."""
    return (
        system_down.PLAYBOOK,
        slow.PLAYBOOK,
        connections.PLAYBOOK,
        redis_lost.PLAYBOOK,
        disk_full.PLAYBOOK,
        replica_stale.PLAYBOOK,
        archive_stuck.PLAYBOOK,
        ai_engine.PLAYBOOK,
        certificate_expiring.PLAYBOOK,
        audit_chain_broken.PLAYBOOK,
        key_leaked.PLAYBOOK,
    )


def find(name: str) -> Playbook:
    """Return a playbook by its name.

    Raises:
        RefusedError: there is none; with the names there are.
    """
    known = {each.name: each for each in playbooks()}
    if name not in known:
        raise RefusedError(f"no playbook {name!r}; there are: {', '.join(known)}")
    return known[name]
