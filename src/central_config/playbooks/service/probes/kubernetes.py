"""The installation in a cluster, by what its objects say: no pod need answer for that."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import TypeVar

import msgspec

from central_config.core.json import JSON
from central_config.playbooks.model.cluster import (
    APP,
    CONTAINER,
    DEPLOYMENT,
    Autoscaler,
    ClusterEvent,
    DisruptionBudget,
    Listing,
    Pod,
)
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.world import World

_MANY_RESTARTS = 3
_SHOWN_EVENTS = 5
_SCALER = "central-config-hpa"
T = TypeVar("T")


async def ask(world: World, sort: type[T], *words: str) -> list[T]:
    """Return the objects that `kubectl get ...` lists.

    Raises:
        UnreachableError: kubectl failed, or says something unexpected.
    """
    text = await world.kubectl("get", *words, "-o", "json")
    try:
        return msgspec.json.decode(text, type=Listing[sort]).items
    except ValueError as error:
        raise UnreachableError(f"kubectl get {words[0]} answered no list") from error


async def probe(world: World) -> list[Finding]:
    """Ask for pods, autoscaler, disruption budget and events, side by side."""
    return list(
        await asyncio.gather(
            _tried("kubernetes.pods", _pods(world)),
            _tried("kubernetes.images", _images(world)),
            _tried("kubernetes.autoscaler", _autoscaler(world)),
            _tried("kubernetes.disruption", _disruption(world)),
            _tried("kubernetes.events", _events(world)),
        )
    )


async def _tried(check: str, question: Coroutine[None, None, Finding]) -> Finding:
    try:
        return await question
    except UnreachableError as error:
        return Finding(check, Status.UNKNOWN, str(error))


async def _pods(world: World) -> Finding:
    """All pods of the namespace: those of the API, and what they lean on."""
    pods = [each for each in await ask(world, Pod, "pods") if each.status.phase != "Succeeded"]
    apis = [each for each in pods if each.is_api]
    unready = {each.name: each.waits_for for each in pods if not each.is_ready}
    again = {each.name: each.restarts for each in pods if each.restarts >= _MANY_RESTARTS}
    ready = sum(each.is_ready for each in apis)
    facts: dict[str, JSON] = {
        "pods": len(pods),
        "api_pods": [each.name for each in apis],
        "api_ready": ready,
        "unready": dict(unready),
        "restarts": dict(again),
    }
    said = f"{ready} of {len(apis)} API pods are ready"
    if unready:
        said += "; not ready: " + ", ".join(f"{name} ({why})" for name, why in unready.items())
    if again:
        said += "; begun again: " + ", ".join(f"{name} {n} times" for name, n in again.items())
    if not ready:
        return Finding("kubernetes.pods", Status.BAD, said, facts)
    status = Status.WARNING if unready or again else Status.OK
    return Finding("kubernetes.pods", status, said, facts)


async def _images(world: World) -> Finding:
    """What runs, by digest: a tag says nothing about it."""
    pods = await ask(world, Pod, "pods", "-l", f"app={APP}")
    digests = Counter(each.digest for each in pods if each.digest)
    facts: dict[str, JSON] = {"digests": dict(digests)}
    if not digests:
        return Finding("kubernetes.images", Status.UNKNOWN, "no API pod says what it runs", facts)
    if len(digests) > 1:
        said = f"the API pods run {len(digests)} different images: an update goes on, or stands"
        return Finding("kubernetes.images", Status.WARNING, said, facts)
    said = f"all API pods run {next(iter(digests))}"
    return Finding("kubernetes.images", Status.OK, said, facts)


async def _autoscaler(world: World) -> Finding:
    check = "kubernetes.autoscaler"
    scalers = await ask(world, Autoscaler, "hpa")
    found = next((each for each in scalers if each.metadata.name == _SCALER), None)
    if found is None:
        said = f"there is no {_SCALER}: the number of pods is what the chart says"
        return Finding(check, Status.SKIPPED, said)
    now, least, most = (
        found.status.current_replicas,
        found.spec.min_replicas,
        found.spec.max_replicas,
    )
    desired = found.status.desired_replicas
    facts: dict[str, JSON] = {"minimum": least, "maximum": most, "current": now, "desired": desired}
    blind = [
        each.message or each.reason
        for each in found.status.conditions
        if each.type == "ScalingActive" and each.status != "True"
    ]
    if blind:
        said = f"the autoscaler cannot see the load: {blind[0]}"
        return Finding(check, Status.WARNING, said, facts)
    if now >= most:
        said = f"the autoscaler has reached its maximum of {most} pods"
        return Finding(check, Status.WARNING, said, facts)
    return Finding(check, Status.OK, f"{now} pods, between {least} and {most}", facts)


async def _disruption(world: World) -> Finding:
    check = "kubernetes.disruption"
    budgets = await ask(world, DisruptionBudget, "poddisruptionbudgets")
    if not budgets:
        said = "no PodDisruptionBudget: draining nodes may end all pods at once"
        return Finding(check, Status.WARNING, said)
    stuck = [each.metadata.name for each in budgets if not each.status.disruptions_allowed]
    names = [each.metadata.name for each in budgets]
    facts: dict[str, JSON] = {"budgets": [*names], "stuck": [*stuck]}
    if stuck:
        said = f"no pod may be evicted now ({', '.join(stuck)}): draining a node would wait"
        return Finding(check, Status.WARNING, said, facts)
    return Finding(check, Status.OK, "nodes can be drained", facts)


async def _events(world: World) -> Finding:
    events = await ask(world, ClusterEvent, "events", "--field-selector", "type=Warning")
    lines = Counter(f"{each.reason} {each.involved_object.name}" for each in events)
    shown = [f"{line} ({count})" for line, count in lines.most_common(_SHOWN_EVENTS)]
    facts: dict[str, JSON] = {"warnings": len(events), "most_frequent": [*shown]}
    if not events:
        return Finding("kubernetes.events", Status.OK, "no warnings among the events", facts)
    said = f"{len(events)} warnings: {', '.join(shown)}"
    return Finding("kubernetes.events", Status.WARNING, said, facts)


class _Report(msgspec.Struct):
    """What `ops diagnose -o json` prints."""

    findings: list[Finding]


async def inside(world: World) -> list[Finding]:
    """Let an API pod look with its own settings: it reaches what the operator's machine does not.

    The exit code of `ops diagnose` tells how it stands, and so does its output: only the latter is
    of use here. A pod whose command cannot run prints nothing.
    """
    command = "central-config ops diagnose -o json || true"
    text = await world.kubectl("exec", DEPLOYMENT, "-c", CONTAINER, "--", "sh", "-c", command)
    try:
        found = msgspec.json.decode(text, type=_Report).findings
    except ValueError as error:
        raise UnreachableError("the pod's `central-config ops diagnose` said nothing") from error
    return [
        Finding(each.check, each.status, f"{each.summary} (seen from a pod)", each.facts)
        for each in found
    ]
