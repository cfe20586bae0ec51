"""The pages of the runbook about playbooks, made of what the code says and does."""

import inspect
from collections.abc import Iterator, Mapping

from central_config.playbooks.commands.screen import call_text
from central_config.playbooks.model.findings import Findings
from central_config.playbooks.model.plans import Step, TargetName
from central_config.playbooks.service.catalogue import playbooks
from central_config.playbooks.service.playbook import Playbook, Where
from central_config.playbooks.service.probes.looking import Probe
from central_config.playbooks.service.samples import SAMPLES, Sample

GENERATED = "<!-- Generated from the playbooks. Do not edit: run `make docs`. -->"
_PLACES: Mapping[TargetName, str] = {"local": "On one machine", "kubernetes": "In Kubernetes"}
_WHERE: Mapping[TargetName, Where] = {
    "local": Where(
        target="local",
        data_dir="/var/lib/central-config",
        cache_prefix="central_config:",
        start=("central-config", "serve"),
    ),
    "kubernetes": Where(target="kubernetes", cache_prefix="central_config:"),
}


def pages() -> dict[str, str]:
    """Return each page by its file name."""
    found = {f"{each.name}.md": _page(each) for each in playbooks()}
    return {"index.md": _index(), **found}


def answered_by() -> dict[str, list[str]]:
    """Return the playbooks that answer each alert."""
    found: dict[str, list[str]] = {}
    for each in playbooks():
        for alert in each.alerts:
            found.setdefault(alert, []).append(each.name)
    return found


def _index() -> str:
    lines = [
        "# Playbooks",
        "",
        GENERATED,
        "",
        "Each is a command: it looks, says what it would do with the exact calls, acts when it is",
        "told to, and looks again. Nothing is changed before `ops apply`; what takes something",
        "from somebody asks for its name and a reason; every run is in the audit log.",
        "",
        "```console",
        "$ central-config ops diagnose",
        "$ central-config ops run system-down --save plan.json",
        "$ central-config ops apply plan.json",
        "```",
        "",
        "Exit codes: 0 fixed or well, 1 not, 2 refused (nothing was done), 3 somebody could not",
        "tell. `--target kubernetes` works through `kubectl`; `-o json` is for programs.",
        "",
        "| Playbook | When |",
        "|---|---|",
    ]
    lines += [
        f"| [{each.name}]({each.name}.md) | {_cell(each.symptoms[0])} |" for each in playbooks()
    ]
    lines += ["", "| Alert | Playbooks |", "|---|---|"]
    for alert, names in sorted(answered_by().items()):
        shown = ", ".join(f"[{name}]({name}.md)" for name in names)
        lines.append(f"| [{alert}](../alerts/{alert}.md) | {shown} |")
    return _text(lines)


def _page(playbook: Playbook) -> str:
    lines = [f"# {playbook.title}", "", GENERATED, ""]
    lines += [f"- {each}" for each in playbook.symptoms]
    alerts = ", ".join(f"[{each}](../alerts/{each}.md)" for each in playbook.alerts)
    lines += ["", f"Answers {alerts}.", ""]
    lines += [part for note in playbook.notes for part in (note, "")]
    lines += _how(playbook)
    for target in _PLACES:
        if target in playbook.plan:
            lines += _target(playbook, target)
    return _text(lines)


def _how(playbook: Playbook) -> list[str]:
    source = "cat token.txt | " if playbook.asks else ""
    run = f"central-config ops run {playbook.name} --save plan.json"
    lines = [
        "## Run it",
        "",
        "```console",
        f"$ {source}{run}",
        f"$ {source}central-config ops apply plan.json",
        "```",
        "",
    ]
    if playbook.asks:
        lines += [f"It asks for {playbook.asks}, without echo where somebody types.", ""]
    told = (
        "The first looks and plans, the second acts and looks again, for at most"
        f" {playbook.patience:g} s. For a cluster add `--target kubernetes` to the first."
    )
    return [*lines, told, ""]


def _target(playbook: Playbook, target: TargetName) -> list[str]:
    lines = [f"## {_PLACES[target]}", ""]
    probes = playbook.probes_for(target)
    if probes:
        lines += ["It looks at:", ""]
        lines += [f"- `{each.name}`: {_question(each)}" for each in probes]
    checks = ", ".join(f"`{each}`" for each in playbook.must_be_ok(target))
    lines += ["", f"Mended when these are `ok`: {checks}.", ""]
    for sample in SAMPLES[playbook.name]:
        if sample.target == target:
            lines += _sample(playbook, sample)
    return lines


def _question(probe: Probe) -> str:
    """Return what a probe asks; of one that does not say, what its module is about."""
    module = inspect.getmodule(probe.look)
    about = (module.__doc__ or "") if module is not None else ""
    return " ".join((probe.question or about.strip().partition("\n")[0]).split())


def _sample(playbook: Playbook, sample: Sample) -> Iterator[str]:
    where = _WHERE[sample.target]
    draft = playbook.plan[sample.target](Findings(sample.findings), where)
    yield from (f"### {sample.when}", "")
    for number, step in enumerate(draft.steps, 1):
        yield from _step(number, step, where)


def _step(number: int, step: Step, where: Where) -> Iterator[str]:
    mark = (
        " **Destructive**: asks for the name of what it hits, and a reason."
        if step.destructive
        else ""
    )
    yield from (f"{number}. {step.what}.{mark}", "")
    if step.is_advice:
        yield from (f"   {_line(call_text(step.call, where.namespace))}", "")
        return
    call = call_text(step.call, where.namespace)
    yield from ("   ```text", *(f"   {line.strip()}" for line in call.splitlines()), "   ```", "")
    rows = {
        "Effect": step.effect,
        "Who notices": step.blast_radius,
        "Undo": step.undo,
        "Check": step.check,
        "Hits": f"`{step.hits}`" if step.destructive else "",
    }
    yield from (f"   - {name}: {_line(said)}" for name, said in rows.items() if said)
    yield ""


def _line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")


def _text(lines: list[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"
