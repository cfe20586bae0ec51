"""The AI engine is away, hangs, fails or lacks its model. Configuration is served all the same."""

from central_config.core.json import JSON
from central_config.playbooks.model.cluster import Pod
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Findings, Status
from central_config.playbooks.model.plans import Draft, Http, Kubectl, Step
from central_config.playbooks.service.playbook import Playbook, Where
from central_config.playbooks.service.plays import in_kubernetes, steps
from central_config.playbooks.service.probes import api, assistant
from central_config.playbooks.service.probes.kubernetes import ask
from central_config.playbooks.service.probes.looking import Probe
from central_config.playbooks.service.world import World

REACHABLE, MODEL, ANSWER = "assistant.reachable", "assistant.model", assistant.ANSWER
# A model is gigabytes (seconds).
_PULL_WITHIN = 3600.0


async def in_pods(world: World) -> list[Finding]:
    """Look at Ollama's pods, and ask it in there for its models."""
    pods = await ask(world, Pod, "pods", "-l", "app=ollama")
    if not pods:
        said = "no pod has the label app=ollama: the chart does not run the engine here"
        return [Finding(REACHABLE, Status.SKIPPED, said)]
    unready: dict[str, JSON] = {each.name: each.waits_for for each in pods if not each.is_ready}
    facts: dict[str, JSON] = {"pods": len(pods), "unready": unready}
    if len(unready) == len(pods):
        said = "; ".join(f"{name}: {why}" for name, why in unready.items())
        return [Finding(REACHABLE, Status.BAD, f"no pod of the engine is ready ({said})", facts)]
    ready = Finding(REACHABLE, Status.OK, f"{len(pods) - len(unready)} pods are ready", facts)
    try:
        listed = await world.kubectl("exec", "deploy/ollama", "--", "ollama", "list")
    except UnreachableError as error:
        said = f"the engine does not answer in its own pod: {error}"
        return [Finding(REACHABLE, Status.BAD, said, facts)]
    names = [line.split()[0] for line in listed.splitlines()[1:] if line.split()]
    return [ready, assistant.judge_model(world.settings.ai_model, names)]


def local(found: Findings, where: Where) -> Draft:
    """Pull what is missing; the engine itself is run by somebody else."""
    del where
    made: list[Step] = []
    if found.bad(REACHABLE) or found.bad(ANSWER):
        wrong = found[REACHABLE if found.bad(REACHABLE) else ANSWER].summary
        text = (
            f"{wrong}. Restart it with what runs it (`systemctl restart ollama`,"
            " `docker restart ollama`) and look at its log: memory is what it lacks most often"
        )
        made.append(steps.advice("Restart the AI engine", text))
        made.append(_switch_off_advice("AI_ENABLED=false, then restart the API"))
    if found.bad(MODEL):
        facts = found[MODEL].facts
        url, model = str(found[REACHABLE].facts["url"]), str(facts["model"])
        made.append(
            Step(
                what=f"Have the engine fetch the model {model}",
                call=Http(
                    "POST", f"{url}/api/pull", {"model": model, "stream": False}, _PULL_WITHIN
                ),
                effect=f"{model} is downloaded to the engine's disk: gigabytes, minutes.",
                blast_radius="The engine answers others meanwhile; its network is busy.",
                undo=f"ollama rm {model}",
                check=f"curl -fsS {url}/api/tags names it",
            )
        )
    return Draft(steps=tuple(made), preconditions=_preconditions(found))


def in_cluster(found: Findings, where: Where) -> Draft:
    """Restart the engine's pods, fetch the model, or switch the AI off."""
    made: list[Step] = []
    if found.bad(REACHABLE):
        cost = "Questions to the AI fail for a minute. Reads, writes and watches do not notice."
        made.append(in_kubernetes.restart("deployment/ollama", cost))
        command = (
            f"helm upgrade central-config CHART -n {where.namespace} --reuse-values"
            " --set ai.enabled=false"
        )
        made.append(_switch_off_advice(command))
    if found.bad(MODEL):
        model = str(found[MODEL].facts["model"])
        script = f"nohup ollama pull {model} > /tmp/pull.log 2>&1 &"
        made.append(
            Step(
                what=f"Have the engine fetch the model {model}",
                call=Kubectl(("exec", "deploy/ollama", "--", "sh", "-c", script)),
                effect=f"{model} is downloaded to the engine's volume: gigabytes, minutes.",
                blast_radius="The engine answers others meanwhile; its network is busy.",
                undo=f"kubectl exec deploy/ollama -- ollama rm {model}",
                check="kubectl exec deploy/ollama -- ollama list",
            )
        )
    return Draft(steps=tuple(made), preconditions=_preconditions(found))


def _preconditions(found: Findings) -> dict[str, JSON]:
    return {f"{name} is bad": True for name in (REACHABLE, MODEL, ANSWER) if found.bad(name)}


def _switch_off_advice(how: str) -> Step:
    return steps.advice(
        "If it stays away, switch the AI off",
        how,
        effect="Questions to the AI are answered with `ai-disabled` at once instead of waiting.",
        check="`central-config ops diagnose` shows the AI engine as skipped",
    )


PLAYBOOK = Playbook(
    name="ai-engine",
    title="The AI engine fails",
    symptoms=(
        "questions to the AI fail or wait until they are given up",
        "the alerts AIEngineFailing or AIEngineSlow",
    ),
    alerts=("AIEngineFailing", "AIEngineSlow"),
    probes=(
        Probe("assistant", assistant.probe, question="Does the engine answer, with its model?"),
        Probe(ANSWER, assistant.answering, question="Does it answer a question, and soon?"),
        Probe("api", api.probe, question="Is the API ready all the same?"),
        Probe(
            "ollama", in_pods, where="kubernetes", question="Are its pods ready, with the model?"
        ),
    ),
    plan={"local": local, "kubernetes": in_cluster},
    healthy=(REACHABLE, MODEL, ANSWER),
    healthy_in_kubernetes=(REACHABLE, MODEL),
    notes=(
        (
            "The engine never makes an API unready: whatever it does, reads, writes and watches go "
            "on. A pod of the API that is unready has another cause."
        ),
        (
            "`OLLAMA_BASE_URL` is one setting with its scheme. A check with `curl` needs `-f`: "
            "without it an error page counts as an answer."
        ),
    ),
    patience=300.0,
)
