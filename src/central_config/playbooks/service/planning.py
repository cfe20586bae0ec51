"""Diagnosis and plan: nothing here changes anything."""

import os
import pwd
import socket
import sys
from collections.abc import Sequence
from datetime import timedelta

from central_config.core.clock import Clock
from central_config.core.ids import new_id
from central_config.playbooks.model.errors import RefusedError, UnreachableError
from central_config.playbooks.model.findings import Finding, Findings
from central_config.playbooks.model.plans import Draft, Plan, changed
from central_config.playbooks.service.playbook import Playbook, Where
from central_config.playbooks.service.probes.looking import look_with
from central_config.playbooks.service.world import World
from central_config.supervisor.environment import own_environment
from central_config.supervisor.paths import default_data_dir

# Seconds a diagnosis may take, and the age at which a plan has to be made anew.
WITHIN = 8.0
FRESH = timedelta(minutes=15)
# Clocks of two machines may differ by this.
SKEW = timedelta(minutes=1)


async def diagnose(world: World, playbook: Playbook) -> tuple[Finding, ...]:
    """Return what the playbook's probes find."""
    return tuple(await look_with(playbook.probes_for(world.target), world, WITHIN))


def draft(world: World, playbook: Playbook, findings: Sequence[Finding]) -> Draft:
    """Return what the playbook would do about the findings."""
    planner = playbook.plan.get(world.target)
    if planner is None:
        raise RefusedError(f"{playbook.name} has no steps for the target {world.target}")
    return planner(Findings(findings), where(world))


async def make_plan(
    world: World, playbook: Playbook, findings: Sequence[Finding], clock: Clock
) -> Plan:
    """Return the plan for the findings, with its origin."""
    made = draft(world, playbook, findings)
    return Plan(
        id=str(new_id()),
        playbook=playbook.name,
        target=world.target,
        place=place(world),
        created_at=clock.now(),
        created_by=operator(),
        findings=tuple(findings),
        preconditions=made.preconditions,
        steps=made.steps,
        idle_minutes=world.idle_minutes,
        machine=await machine(world),
    )


async def refuse_strange(world: World, plan: Plan, clock: Clock) -> None:
    """Refuse a plan of another place, or an old one.

    Raises:
        RefusedError: with what is to be done instead.
    """
    if (plan.target, plan.place) != (world.target, place(world)):
        raise RefusedError(
            f"the plan is for {plan.target} {plan.place}, not for {world.target} {place(world)}"
        )
    here = await machine(world)
    if plan.machine != here:
        raise RefusedError(f"the plan is for {plan.place} on {plan.machine or '?'}, not on {here}")
    age = clock.now() - plan.created_at
    if age > FRESH or age < -SKEW:
        minutes = age.total_seconds() / 60
        raise RefusedError(
            f"the plan is {minutes:.0f} minutes old, {FRESH.seconds // 60} are the most; plan again"
        )


async def refuse_changed(world: World, playbook: Playbook, plan: Plan) -> None:
    """Look again, and refuse where what the plan rests on is not there any more.

    Raises:
        RefusedError: with what changed.
    """
    found = draft(world, playbook, await diagnose(world, playbook))
    differences = changed(plan.preconditions, found.preconditions)
    if differences:
        raise RefusedError(
            "the state changed since the plan was made; plan again. " + "; ".join(differences)
        )


def place(world: World) -> str:
    """Return what names the installation a plan is for."""
    if world.target == "kubernetes":
        return world.namespace
    return str(world.settings.data_dir or default_data_dir())


async def machine(world: World) -> str:
    """Return which of all places of that name it is: every host may have the same directory.

    Every cluster may have the same namespace; inside one kubectl names no server, which is the same
    for a plan that was made inside.
    """
    if world.target == "local":
        return socket.gethostname()
    words = ("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
    try:
        return (await world.kubectl(*words)).strip() or socket.gethostname()
    except UnreachableError:
        return socket.gethostname()


def where(world: World) -> Where:
    """Return what planners may know of the place."""
    settings = world.settings
    names = ("data_dir", "host", "port", "metrics_host", "metrics_port")
    return Where(
        target=world.target,
        namespace=world.namespace,
        data_dir=place(world) if world.target == "local" else "",
        cache_prefix=settings.cache_key_prefix,
        start=(sys.executable, "-m", "central_config", "serve"),
        variables={
            each.upper(): str(getattr(settings, each))
            for each in names
            if each in settings.model_fields_set or each == "data_dir"
        },
    )


def operator() -> str:
    """Return who types the commands: the operating system's user, and the machine."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # in a container a user may have a number only
        user = str(os.getuid())
    behind = own_environment().get("SUDO_USER")
    return f"{f'{behind} as {user}' if behind else user}@{socket.gethostname()}"
