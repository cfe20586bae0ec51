"""`central-config restore`: shows what it would do; with `--apply`, does it."""

from collections.abc import Iterator
from typing import Annotated

from cyclopts import Parameter

from central_config.backups.commands import screen
from central_config.backups.commands.screen import Form
from central_config.backups.model.errors import BackupFailedError, BackupRefusedError
from central_config.backups.model.moments import parse_moment
from central_config.backups.model.restores import Plan, Restored
from central_config.backups.service.installation import installation
from central_config.backups.service.operating import Operating, is_physical
from central_config.backups.service.restoring import Order, Restoring
from central_config.core.clock import SystemClock
from central_config.core.settings import Settings, get_settings
from central_config.supervisor.local import local_paths

# Workspaces named; the rest is counted.
_NAMED = 50


def restore(  # noqa: PLR0913 - the options of the command
    label: str | None = None,
    /,
    *,
    to: str | None = None,
    undo: bool = False,
    resync: bool = False,
    apply: bool = False,
    confirm: str | None = None,
    reason: str | None = None,
    past: Annotated[int, Parameter(show_default=False)] = 0,
    as_it_was: bool = False,
    output: Form = "table",
) -> int:
    """Restore the database beside the live one and compare them; with `--apply`, switch.

    The live database is renamed and kept. Every workspace continues at a revision nobody has
    seen, so that applications and replicas take what was restored.

    Args:
        label: a portable backup of the database; by default the newest.
        to: instead, a moment (with its zone), from physical backups; `serve` must be stopped.
        undo: instead, put back the database that the last restore has replaced.
        resync: instead, make a database fit to be used that somebody else has put back, such as a
            provider's point-in-time recovery; with `--past` if you know it.
        apply: do it; without this it is only shown.
        confirm: the name of the database, to be sure.
        reason: why; goes to the audit log.
        past: a revision that no workspace had passed, where the live database cannot be asked.
        as_it_was: make valid again what was revoked after the backup: API keys and users.
        output: `table` or `json`.
    """

    def act() -> int:
        settings = screen.settings()
        restoring = Restoring(settings, SystemClock(), maintenance_address(settings))
        order = None
        if apply:
            order = _order(restoring.name, confirm, reason)._replace(past=past, as_it_was=as_it_was)
        operating = Operating(settings, SystemClock())
        if to is not None or (label is not None and is_physical(label)):
            return _recover(operating, to, order, output)
        if resync:
            return _resync(restoring, order, output)
        if undo:
            found = screen.wait_for(restoring.undo(order))
        else:
            source = label or operating.portable.newest()
            found = _restore(operating, restoring, source, order)
        if isinstance(found, Restored) and order is not None:
            screen.wait_for(operating.restored(found, found.plan.source, order.reason))
        screen.show(found, output, _told(found))
        return screen.WELL

    return screen.ended(act)


def maintenance_address(settings: Settings) -> str | None:
    """Return the superuser's address where `serve` runs the database; None elsewhere."""
    if local_paths(settings) is None or get_settings().database_url is not None:
        return None
    return installation(settings).admin_url()


def _order(name: str, confirm: str | None, reason: str | None) -> Order:
    if confirm != name:
        raise BackupRefusedError(f"to be sure, name the database: --confirm {name}")
    if not reason:
        raise BackupRefusedError("say why: --reason")
    return Order(reason)


def _restore(
    operating: Operating, restoring: Restoring, label: str, order: Order | None
) -> Plan | Restored:
    try:
        return screen.wait_for(restoring.restore(operating.portable, label, order))
    except (BackupFailedError, BackupRefusedError) as problem:
        if order is not None:
            words = str(problem)
            screen.wait_for(operating.note("restore", "portable", "export", label, words))
        raise


def _resync(restoring: Restoring, order: Order | None, output: str) -> int:
    if order is None:
        words = f"every workspace gets a new revision: --apply --confirm {restoring.name} --reason"
        raise BackupRefusedError(words)
    done = screen.wait_for(restoring.resync(order))
    lines = [f"{len(done.revisions)} workspaces have moved on; every sign-in has ended"]
    screen.show(done, output, lines)
    return screen.WELL


def _recover(operating: Operating, to: str | None, order: Order | None, output: str) -> int:
    moment = None if to is None else parse_moment(to)
    switch = order is not None
    done = screen.wait_for(operating.physical.recover(moment, switch=switch))
    lines = [
        f"recovered from {done.backup}, up to {done.reached or 'its end'}, in {done.seconds:.0f} s",
        *(f"ok  {each.name}: {each.words}" for each in done.checks),
        f"the data is in {done.data}",
        f"the data from before is in {done.kept}" if done.kept else "nothing was replaced",
    ]
    screen.show(done, output, lines)
    return screen.WELL


def _told(found: Plan | Restored) -> Iterator[str]:
    plan = found if isinstance(found, Plan) else found.plan
    yield from _planned(plan)
    if isinstance(found, Plan):
        yield f"nothing was changed; to do it: --apply --confirm {plan.database} --reason ..."
        return
    if plan.live:
        yield f"{plan.database} is restored; nobody could connect for {found.blocked_seconds:.1f} s"
        yield "everybody signs in again; API keys go on"
        yield f"the database from before is kept as {plan.aside}, closed; to go back:"
        yield f"  central-config restore --undo --apply --confirm {plan.database} --reason ..."
    else:
        yield f"{plan.database} is restored"
    for key in found.keys_kept_revoked:
        yield f"API key {key} was revoked after the backup and stays so"
    for user in found.users_kept_inactive:
        yield f"user {user} was deactivated after the backup and stays so"
    for statement in found.left_to_do:
        yield f"not allowed to us, for a superuser: {statement};"


def _planned(plan: Plan) -> Iterator[str]:
    moment = "" if plan.as_of is None else f", of {plan.as_of:%Y-%m-%d %H:%M:%S}Z"
    yield f"{plan.source}{moment}, in the place of the database {plan.database}"
    if not plan.live:
        yield "the live database cannot be asked: what it would lose is not known"
    changed = [each for each in plan.workspaces if each.fate != "same"]
    for each in changed[:_NAMED]:
        yield f"  workspace {each.slug} ({each.live} -> {each.restored}): {each.words}"
    if len(changed) > _NAMED:
        yield f"  and {len(changed) - _NAMED} other workspaces"
    yield f"  {len(plan.workspaces) - len(changed)} workspaces have no other revisions"
    for table, (now, restored) in plan.rows.items():
        yield f"  {table}: {now} rows -> {restored}"
    if plan.secrets:
        yield f"  {'secrets' if plan.secrets_open else 'SECRETS DO NOT OPEN'}: {plan.secrets}"
    for role in plan.missing_roles:
        yield f"  role {role} is not here: no grants are restored; GRANT them again"
