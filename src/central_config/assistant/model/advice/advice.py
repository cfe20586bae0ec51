"""A piece of advice: what is so, what would be better, and the edits that make it so."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from central_config.configurations.model.cells import REMOVED, Cell, Site
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.model.views import effective
from central_config.core.json import JSON, encode

Form = Literal["same", "number", "boolean"]

KINDS: Mapping[str, str] = {
    "redundant": "An environment sets what it would inherit anyway",
    "drift": "An environment lacks what its siblings have, or holds it as another type",
    "outlier": "A number or a type is far from that of its siblings",
    "duplicate": "Several keys repeat one value",
    "unused": "Nobody has read it for a month",
    "deprecated": "It is deprecated, and still read",
    "expiring-key": "An API key ends soon",
    "expiring-certificate": "A certificate in a value ends soon",
    "bounds": "A lower bound lies above its upper bound",
    "pool": "A pool is empty, or larger than what it draws from",
    "timeout": "Timeouts contradict each other",
    "cache": "A cache is switched on, and holds nothing",
}


class AdvisedEdit(msgspec.Struct, frozen=True, kw_only=True):
    """One edit that is proposed.

    Attributes:
        site: where.
        action: as in a change.
        value: what to set, where it is a value of our own (a reference, a switch).
        source: where the value to set is taken from when the draft is made; instead of `value`.
        form: as what it is taken: `"8080"` taken as a number is 8080.
        status: for `status`.
    """

    site: Site
    action: Literal["set", "remove", "status"]
    value: Any = None
    source: Site | None = None
    form: Form = "same"
    status: str | None = None


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found.

    Attributes:
        kind: one of `KINDS`.
        title: what is so, in words without values.
        effect: what is to be expected of the steps; without steps, what a person could do.
        places: the keys it is about; their values are the evidence.
        steps: the edits of the draft; none where only a person can tell what to do.
        about: what it is about where that is no key: an API key's id.
        needs: a permission to see it, beside that of reading configuration.
        rank: the higher, the earlier it is shown within its kind.
    """

    kind: str
    title: str
    effect: str
    places: tuple[Site, ...] = ()
    steps: tuple[AdvisedEdit, ...] = ()
    about: str = ""
    needs: str = ""
    rank: float = 0.0

    @property
    def subject(self) -> str:
        """What it is about: the same advice has the same subject in every scan."""
        return digest([self.kind, self.about, *(_said(place) for place in sorted(self.places))])

    @property
    def sites(self) -> tuple[Site, ...]:
        """Every key that is named in it, each once."""
        named: list[Site] = [*self.places]
        for step in self.steps:
            named += [step.site] if step.source is None else [step.site, step.source]
        return tuple(dict.fromkeys(named))


def facts(state: WorkspaceState, advice: Advice) -> str:
    """Return what an advice rests on; another text once any of its keys has changed.

    It is made of the versions of cells, never of their values.
    """
    found: list[JSON] = []
    for site in advice.sites:
        supplied = effective(state, site)
        own = state.own(site)
        found.append([_said(site), _version(supplied and supplied[1]), _version(own)])
        found.append(None if supplied is None else str(supplied[0].environment_id))
    return digest([advice.kind, advice.about, *found])


def digest(parts: Iterable[JSON]) -> str:
    """Return a short name for some texts and numbers."""
    return hashlib.sha256(encode(list(parts))).hexdigest()[:32]


def _said(site: Site) -> str:
    return f"{site.environment_id}:{site.key}"


def _version(cell: Cell | None) -> JSON:
    if cell is None or cell.status == REMOVED:
        return None
    return [cell.version, cell.status, cell.secret]
