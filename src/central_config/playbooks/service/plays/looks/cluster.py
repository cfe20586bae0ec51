"""What was rolled out in the cluster, when, and what was there before."""

from datetime import datetime
from typing import Any, cast

from central_config.core.clock import SystemClock, parse_rfc3339
from central_config.core.json import JSON
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.plays.asking import objects
from central_config.playbooks.service.probes.looking import Probe, age_text
from central_config.playbooks.service.world import World

ROLLOUT = "kubernetes.rollout"
SELECTOR = "app=central-configuration"
API = "central-config-api"
REVISION = "deployment.kubernetes.io/revision"
# A release younger than this is the first suspect (seconds).
RECENT = 3600.0


async def rollout(world: World) -> list[Finding]:
    """Look at the API's Deployment and the ReplicaSets behind it."""
    deployments = [
        each for each in await objects(world, "deployments") if each["metadata"]["name"] == API
    ]
    if not deployments:
        return [Finding(ROLLOUT, Status.BAD, f"there is no Deployment {API}", {"there": False})]
    deployment = deployments[0]
    sets = await objects(world, "replicasets", "-l", SELECTOR)
    revisions = sorted(
        (number, _created(each)) for each in sets if (number := _revision(each)) is not None
    )
    return [_judge(deployment, revisions)]


def _judge(deployment: dict[str, Any], revisions: list[tuple[int, datetime | None]]) -> Finding:
    wanted = int(deployment["spec"].get("replicas", 1))
    ready = int(deployment.get("status", {}).get("readyReplicas") or 0)
    current = _revision(deployment) or 0
    begun = dict(revisions).get(current)
    age = None if begun is None else (SystemClock().now() - begun).total_seconds()
    before = [number for number, _ in revisions if number < current]
    facts: dict[str, JSON] = {
        "there": True,
        "wanted": wanted,
        "ready": ready,
        "generation": deployment["metadata"].get("generation"),
        "revision": current,
        "previous": before[-1] if before else None,
        "recent": age is not None and age < RECENT,
    }
    when = "" if age is None else f", {age_text(age)} old"
    said = f"{ready} of {wanted} API pods are ready; revision {current}{when}"
    if ready == 0 and wanted:
        return Finding(ROLLOUT, Status.BAD, said, facts)
    return Finding(ROLLOUT, Status.OK if ready >= wanted else Status.WARNING, said, facts)


def _revision(thing: dict[str, Any]) -> int | None:
    annotations = cast("dict[str, str]", thing["metadata"].get("annotations") or {})
    number = annotations.get(REVISION)
    return None if number is None else int(number)


def _created(thing: dict[str, Any]) -> datetime | None:
    return parse_rfc3339(str(thing["metadata"].get("creationTimestamp", "")))


PROBE = Probe("kubernetes.rollout", rollout, where="kubernetes")
