"""The operator's consent: a plain yes for what harms nobody, the typed name for what does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from central_config.playbooks.model.errors import RefusedError
from central_config.playbooks.model.plans import Plan, Step

# Asks the person a question and returns the answer; None where nobody can be asked.
Ask = Callable[[str], str | None]


@dataclass(frozen=True)
class Consent:
    """What the command line said.

    Args:
        yes: steps that harm nobody may be carried out.
        names: what destructive steps may hit, as typed.
        reason: why something destructive is done.
        steps: the numbers (from 1) of the steps to carry out; empty: all.
        ask: asks for what is missing.
    """

    yes: bool = False
    names: Sequence[str] = ()
    reason: str = ""
    steps: Sequence[int] = ()
    ask: Ask = field(default=lambda _: None)


@dataclass(frozen=True)
class Agreed:
    """The steps that are carried out, by number, and the reason given."""

    steps: Mapping[int, Step]
    reason: str


def agree(plan: Plan, consent: Consent) -> Agreed:
    """Return what is carried out.

    Raises:
        RefusedError: a step that is chosen lacks its consent. Nothing has been done by then.
    """
    numbered = dict(enumerate(plan.steps, 1))
    strange = [each for each in consent.steps if each not in numbered]
    if strange:
        raise RefusedError(f"the plan has no step {strange[0]}; it has {len(numbered)}")
    chosen = {
        number: step
        for number, step in numbered.items()
        if not step.is_advice and (not consent.steps or number in consent.steps)
    }
    destructive = [each for each in chosen.values() if each.destructive]
    for name in dict.fromkeys(each.hits for each in destructive):
        _confirm(name, consent)
    reason = _reason(consent) if destructive else consent.reason
    if len(destructive) < len(chosen) and not consent.yes:
        answer = consent.ask(f"Carry out {_count(chosen)}? [y/N] ")
        if (answer or "").strip().lower() not in {"y", "yes"}:
            raise RefusedError("not confirmed: say --yes for the steps that harm nobody")
    return Agreed(chosen, reason)


def _confirm(name: str, consent: Consent) -> None:
    if name in consent.names:
        return
    answer = consent.ask(f"This hits {name!r} and cannot be taken back. Type that name: ")
    if (answer or "").strip() != name:
        raise RefusedError(f"not confirmed: say --confirm {name!r} --reason TEXT for what hits it")


def _reason(consent: Consent) -> str:
    reason = consent.reason.strip() or (consent.ask("Why? ") or "").strip()
    if not reason:
        raise RefusedError("something destructive needs a reason: --reason TEXT")
    return reason


def _count(chosen: Mapping[int, Step]) -> str:
    return "this step" if len(chosen) == 1 else f"these {len(chosen)} steps"
