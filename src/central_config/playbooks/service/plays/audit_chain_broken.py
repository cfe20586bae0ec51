"""The audit log is not what was written. Evidence is kept; nothing is repaired."""

from typing import cast

from central_config.audit.service import AuditService
from central_config.core.json import JSON
from central_config.playbooks.model.findings import Finding, Findings, Status
from central_config.playbooks.model.plans import Draft, OwnCommand, Step
from central_config.playbooks.service.playbook import Playbook, Where
from central_config.playbooks.service.plays import steps
from central_config.playbooks.service.probes import audit, kubernetes
from central_config.playbooks.service.probes.looking import Probe
from central_config.playbooks.service.world import World
from central_config.playbooks.store import questions
from central_config.playbooks.store.opened import opened

CHAIN, STRANGERS = "audit.verified", "audit.strangers"
_FREEZE_WITHIN = 3600.0


async def verified(world: World) -> list[Finding]:
    """Recompute every chain now; what takes too long is told as not known."""
    async with opened(world.settings) as database:
        report = await AuditService(database).verify()
    facts: dict[str, JSON] = {"events": report.events}
    if report.broken is None:
        said = f"{report.events} events are what was written"
        return [Finding(CHAIN, Status.OK, said, facts)]
    at = report.broken
    facts["broken"] = {"chain": str(at.chain), "sequence": at.sequence, "reason": at.reason}
    said = f"event {at.sequence} of the chain {at.chain} is not what was written: {at.reason}"
    return [Finding(CHAIN, Status.BAD, said, facts)]


async def strangers(world: World) -> list[Finding]:
    """Name who else has the database open: whoever writes past the service does it there."""
    found = await world.rows(questions.STRANGERS)
    facts: dict[str, JSON] = {"sessions": list[JSON](found)}
    if not found:
        return [Finding(STRANGERS, Status.OK, "only this service has the database open", facts)]
    names = ", ".join(f"{each['role']} ({each['application_name'] or 'unnamed'})" for each in found)
    said = f"others have the database open: {names}"
    return [Finding(STRANGERS, Status.WARNING, said, facts)]


def local(found: Findings, where: Where) -> Draft:
    """Freeze the evidence; the rest is for people."""
    if found[CHAIN].status is not Status.BAD:
        return Draft()
    broken = found[CHAIN].facts["broken"]
    place = cast("dict[str, JSON]", broken)
    directory = f"{where.data_dir}/evidence/event-{place['sequence']}-{place['chain']}"
    freeze = Step(
        what="Freeze the evidence: the log as it is, the first broken event, who is connected",
        call=OwnCommand(("ops", "evidence", "--output", directory), _FREEZE_WITHIN),
        effect=f"Writes {directory} with an export, a report and checksums; reads only.",
        blast_radius="Nobody notices; the log is read once from end to end.",
        undo=f"remove {directory}",
        check=f"cd {directory} && sha256sum -c SHA256SUMS",
    )
    return Draft(steps=(freeze, *_advice()), preconditions={"broken": broken})


def in_cluster(found: Findings, where: Where) -> Draft:
    """The same inside a pod, whose disk is lost with it: copy the evidence out at once."""
    del found
    text = (
        f"kubectl -n {where.namespace} exec deploy/central-config-api -c central-config --"
        " central-config ops evidence --output /tmp/evidence; then"
        f" kubectl -n {where.namespace} cp POD:/tmp/evidence ./evidence -c central-config"
    )
    return Draft(steps=(steps.advice("Freeze the evidence and copy it out", text), *_advice()))


def _advice() -> tuple[Step, ...]:
    return (
        steps.advice(
            "Keep a copy of the database as it is",
            "a physical backup to a place of its own, before anything else is done to the database",
        ),
        steps.advice(
            "Compare with the last sealed export or with a backup from before",
            "central-config ops evidence --output DIR --compare EXPORT.jsonl names each event that "
            "was changed or is gone",
        ),
        steps.advice(
            "Treat it as a break-in until it is explained",
            "change the database's passwords, look at who could sign in to PostgreSQL; a restore "
            "that took events away is the harmless explanation, and must be written down",
        ),
    )


PLAYBOOK = Playbook(
    name="audit-chain-broken",
    title="The audit log was changed",
    symptoms=(
        "`ccfg audit verify` names an event that is not what was written",
        "the alert AuditChainBroken",
    ),
    alerts=("AuditChainBroken", "AuditChainUnverified"),
    probes=(
        Probe("verified", verified, question="Which event is the first that is wrong?"),
        Probe("strangers", strangers, question="Who else has the database open?"),
        Probe("audit", audit.probe, question="When was it last verified?"),
        Probe("pods", kubernetes.inside, where="kubernetes", question="What does a pod see?"),
    ),
    plan={"local": local, "kubernetes": in_cluster},
    healthy=(CHAIN,),
    healthy_in_kubernetes=("audit.chain",),
    notes=(
        (
            "This playbook repairs nothing and ends with `not mended` on purpose. Commonly seen,"
            " wrong because it destroys the proof: computing the hashes anew, or deleting the"
            " broken rows. Further events go on behind the break and are as provable as before."
        ),
    ),
    patience=1.0,
)
