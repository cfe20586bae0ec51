"""How findings, plans and runs look: one screen for people, JSON for programs."""

import sys
from collections.abc import Iterable, Sequence

import msgspec
from rich.console import Console
from rich.text import Text

from central_config.core.json import JSON
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.model.plans import (
    Advice,
    Call,
    ClearCache,
    File,
    Http,
    Kubectl,
    OwnCommand,
    Plan,
    Program,
    Redis,
    Signal,
    Sql,
    Step,
)
from central_config.playbooks.model.runs import Health, Run
from central_config.playbooks.service.playbook import Playbook

_STYLES = {
    Status.OK: "green",
    Status.SKIPPED: "dim",
    Status.UNKNOWN: "magenta",
    Status.WARNING: "yellow",
    Status.BAD: "bold red",
}
_WORDS: dict[Health, str] = {
    "well": "all that must be well is well",
    "broken": "not well",
    "unknown": "not known: somebody has to look",
}


def write_json(value: object) -> None:
    """Print a value for programs."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    sys.stdout.write(text + "\n")


def say(text: str) -> None:
    """Tell the person at the keyboard; on standard error, beside any result."""
    sys.stderr.write(_safe(text) + "\n")
    sys.stderr.flush()


def write_findings(findings: Sequence[Finding]) -> None:
    """Print findings, the worst first within a glance."""
    order = list(Status)
    width = max((len(each.check) for each in findings), default=0)
    lines = [
        Text.assemble(
            (f"{each.status:<8} ", _STYLES[each.status]),
            (f"{each.check:<{width}}  ", "bold"),
            _safe(each.summary),
        )
        for each in sorted(findings, key=lambda each: -order.index(each.status))
    ]
    _print(lines)


def write_playbooks(known: Iterable[Playbook]) -> None:
    """Print what playbooks there are, and what for."""
    for each in known:
        _print([Text.assemble((each.name, "bold"), f"  {each.title}")])
        for symptom in each.symptoms:
            _print([Text(f"    - {symptom}")])


def write_plan(plan: Plan) -> None:
    """Print what would be done, exactly."""
    if not plan.steps:
        _print([Text("No step: this playbook knows nothing to do about it.")])
    for number, step in enumerate(plan.steps, 1):
        _print([Text(""), *_step(number, step, plan)])


def _step(number: int, step: Step, plan: Plan) -> list[Text]:
    mark = (" DESTRUCTIVE", "bold red") if step.destructive else ("", "")
    lines = [Text.assemble((f"{number}. {step.what}", "bold"), mark)]
    rows = [("call", call_text(step.call, plan.place))]
    if not step.is_advice:
        rows += [
            ("effect", step.effect),
            ("who notices", step.blast_radius),
            ("undo", step.undo),
            ("check", step.check),
        ]
    if step.destructive:
        rows.append(("hits", step.hits))
    return [*lines, *(Text(f"   {name + ':':<12} {_safe(text)}") for name, text in rows)]


def write_health(health: Health) -> None:
    """Say how things stand."""
    _print([Text(""), Text(f"Result: {_WORDS[health]}.", style="bold")])


def write_run(run: Run) -> None:
    """Print how a run ended."""
    write_findings(run.findings)
    write_health(run.health)
    _print([Text(f"Run {run.id} is on record in {run.recorded}.")])


def call_text(call: Call, place: str) -> str:  # noqa: C901, PLR0911 - one line a kind
    """Return a call as somebody would type it."""
    match call:
        case Sql():
            what = "psql, superuser" if call.admin else "psql"
            return f"{what}: {call.statement}" + _arguments(call.arguments)
        case Redis():
            return f"redis-cli {' '.join(call.words)}"
        case ClearCache():
            return f"redis-cli: SCAN MATCH {call.prefix}* and UNLINK what is found"
        case Http():
            return f"{call.method} {call.url}"
        case OwnCommand():
            return f"central-config {' '.join(call.words)}"
        case Kubectl():
            return f"kubectl -n {place} {_shell(call.words)}"
        case Signal():
            return f"kill -{call.signal.removeprefix('SIG')} {call.pid}  ({call.process})"
        case File():
            return f"rm {call.path}"
        case Program():
            variables = (f"{name}={value}" for name, value in call.variables.items())
            return " ".join((*variables, *call.argv))
        case Advice():
            return call.text


def _arguments(arguments: Sequence[JSON]) -> str:
    return "".join(f"\n{'':16}${n} = {_short(each)}" for n, each in enumerate(arguments, 1))


def _short(value: JSON) -> str:
    return msgspec.json.encode(value).decode()


def _shell(words: Sequence[str]) -> str:
    plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,@%+"
    return " ".join(
        each if each and all(letter in plain for letter in each) else _quoted(each)
        for each in words
    )


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _safe(text: str) -> str:
    """Return a text that cannot control a terminal: names of applications are anybody's."""
    return "".join(each if each.isprintable() or each == "\n" else "?" for each in text)


def _print(lines: Iterable[Text]) -> None:
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for each in lines:
        console.print(each)
