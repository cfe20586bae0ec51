"""Steps in a cluster, in the forms that hold there.

Replicas are the autoscaler's: its bounds are changed, not the Deployment. Pods are never deleted:
a rollout replaces them one by one, under the disruption budget.
"""

import shlex
from typing import cast

from central_config.core.json import JSON, encode
from central_config.playbooks.model.findings import Findings
from central_config.playbooks.model.plans import Kubectl, Step
from central_config.playbooks.service.plays.asking import REDIS_POD
from central_config.playbooks.service.plays.looks.cluster import API, ROLLOUT
from central_config.playbooks.service.plays.looks.disk import VOLUME, VOLUME_CLAIM
from central_config.playbooks.service.plays.steps import advice

DEPLOYMENT = f"deployment/{API}"
AUTOSCALER = "central-config-hpa"
# Pods more than the autoscaler's present maximum.
MORE = 2


def rollout_fact(found: Findings) -> dict[str, JSON]:
    """Return the precondition that nobody rolled out anything meanwhile."""
    facts = found[ROLLOUT].facts
    value: dict[str, JSON] = {each: facts.get(each) for each in ("revision", "generation")}
    return {DEPLOYMENT: value}


def undo_rollout(found: Findings) -> Step:
    """Go back to what ran before."""
    facts = found[ROLLOUT].facts
    previous = facts["previous"]
    return Step(
        what=f"Go back from revision {facts['revision']} of the API to {previous}",
        call=Kubectl(("rollout", "undo", DEPLOYMENT, f"--to-revision={previous}")),
        effect="The pods of the release before replace those of the present one. Its migrations "
        "stay: each release runs on the schema of the next.",
        blast_radius="Everything the release brought is gone until it is rolled out again. With "
        "Helm, `helm rollback` keeps the chart's own record right: prefer it.",
        undo=f"kubectl rollout undo {DEPLOYMENT} --to-revision={facts['revision']}",
        check=f"kubectl rollout status {DEPLOYMENT}",
        destructive=True,
        hits=API,
    )


def restart_api() -> Step:
    """Replace the API's pods one by one."""
    return restart(
        DEPLOYMENT,
        "Each pod is replaced by a new one that becomes Ready first; watches reconnect and resume.",
    )


def restart_redis() -> Step:
    """Replace Redis' pod."""
    return restart(
        "statefulset/redis",
        "Redis is away for seconds. Reads, writes and watches go on, jobs wait as rows.",
    )


def restart(what: str, cost: str) -> Step:
    """Replace the pods of a Deployment or StatefulSet one by one."""
    return Step(
        what=f"Restart {what}, pod by pod",
        call=Kubectl(("rollout", "restart", what)),
        effect="New pods of the same release, under the disruption budget.",
        blast_radius=cost,
        undo="none needed; the same release runs",
        check=f"kubectl rollout status {what}",
    )


def raise_autoscaler(found: Findings) -> tuple[Step, dict[str, JSON]]:
    """Let the autoscaler have more pods; returns the precondition too."""
    facts = found["kubernetes.autoscaler"].facts
    most = cast("int", facts["maximum"])
    return (
        Step(
            what=f"Raise the maximum of the autoscaler from {most} to {most + MORE} pods",
            call=_patch_autoscaler(most + MORE),
            effect="More pods are started while the load asks for them. `kubectl scale` would be "
            "undone by the autoscaler within seconds.",
            blast_radius="Each pod has a connection pool: the connections of all must fit into "
            "PostgreSQL's (`central-config doctor` computes it). The chart sets the old maximum "
            "again at its next upgrade.",
            undo=f"patch {AUTOSCALER} back to maxReplicas {most}",
            check=f"kubectl get hpa {AUTOSCALER}",
        ),
        {f"hpa/{AUTOSCALER}": {"maximum": most}},
    )


def at_maximum(found: Findings) -> bool:
    """Tell whether the autoscaler has no more pods to give."""
    facts = found["kubernetes.autoscaler"].facts
    return "maximum" in facts and cast("int", facts["current"]) >= cast("int", facts["maximum"])


def _patch_autoscaler(most: int) -> Kubectl:
    patch = encode({"spec": {"maxReplicas": most}}).decode()
    return Kubectl(("patch", "hpa", AUTOSCALER, "--type=merge", "-p", patch))


def clear_cache(prefix: str) -> Step:
    """Remove the copies of workspaces from Redis."""
    pattern = shlex.quote(f"{prefix}snapshot:*")
    script = f"valkey-cli --scan --pattern {pattern} | xargs -r -n 500 valkey-cli unlink"
    return Step(
        what=f"Remove the cached copies of workspaces ({prefix}snapshot:*)",
        call=Kubectl(("exec", REDIS_POD, "-c", "redis", "--", "sh", "-c", script)),
        effect="Room in Redis; replicas write new copies by and by.",
        blast_radius="A replica that starts meanwhile reads from PostgreSQL, which takes longer. "
        "Jobs and counters of failed sign-ins stay: this is no FLUSHALL.",
        undo="none needed; the copies come back by themselves",
        check="`central-config ops diagnose --target kubernetes` shows less memory in use",
    )


def grow_volume(found: Findings) -> tuple[Step, dict[str, JSON]]:
    """Ask for a larger volume for the database; returns the precondition too."""
    asked = str(found[VOLUME].facts.get("asked", ""))
    if not asked.endswith("Gi") or not asked[:-2].isdigit():
        text = f"kubectl get pvc {VOLUME_CLAIM}: enlarge what is behind it by hand"
        return advice("Enlarge the volume of the database", text), {}
    larger = f"{int(asked[:-2]) * 3 // 2 + 1}Gi"
    patch = encode({"spec": {"resources": {"requests": {"storage": larger}}}}).decode()
    return (
        Step(
            what=f"Enlarge the volume of the database from {asked} to {larger}",
            call=Kubectl(("patch", "pvc", VOLUME_CLAIM, "--type=merge", "-p", patch)),
            effect="The storage class grows the volume while it is in use, where it can "
            "(allowVolumeExpansion); otherwise the API server refuses.",
            blast_radius="Nobody notices. The chart's value must follow.",
            undo="none: volumes only grow",
            check=f"kubectl get pvc {VOLUME_CLAIM}",
        ),
        {f"pvc/{VOLUME_CLAIM}": asked},
    )
