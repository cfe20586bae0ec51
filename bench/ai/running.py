"""Runs plans for the one who asks, and says what each found in a form that can be compared."""

from collections.abc import Hashable
from datetime import datetime

import msgspec

from central_config.access.model import Caller
from central_config.assistant.model.plans import MOST, Plan
from central_config.assistant.model.rows import Rows
from central_config.assistant.service.executing import Executing
from central_config.core.problems import Problem

# What lists configurations answers the same question, whichever way it found them.
_LISTS = {"find": "configurations", "stale": "configurations"}


class Found(msgspec.Struct, frozen=True):
    """What a plan found.

    `what` tells lists of configurations, changes, differences and explanations apart; `rows` are
    the identities of the rows, None where only a number was asked for; `total` is that number.
    """

    what: str
    rows: frozenset[Hashable] | None
    total: int

    def answers(self, gold: "Found") -> bool:
        """Whether this says what the gold plan says: the same rows, or the number asked for."""
        if self.what != gold.what or self.total != gold.total:
            return False
        return gold.rows is None or self.rows == gold.rows


class Runner:
    """Runs plans."""

    def __init__(self, executing: Executing, caller: Caller, now: datetime) -> None:
        self._executing = executing
        self._caller = caller
        self._now = now

    async def run(self, plan: Plan) -> Found | None:
        """Return what the plan finds; None for one that cannot be run."""
        # Beyond the first page too, or two long lists with the same beginning were the same.
        whole = msgspec.structs.replace(plan, limit=plan.limit or MOST)
        try:
            rows = await self._executing.run(self._caller, whole, self._now)
        except Problem:
            return None
        what = _LISTS.get(plan.intent, plan.intent)
        if plan.count:
            return Found(what, None, int(str(rows.rows[0][0])))
        total = min(rows.total, plan.limit or rows.total)
        return Found(what, frozenset(_identities(plan, rows)), total)


def _identities(plan: Plan, rows: Rows) -> list[Hashable]:
    if plan.intent != "compare":
        return list(rows.ids)
    # Which environment was named first changes the words of a comparison, not what it says.
    left, right = plan.environments
    sides = {"added": right, "removed": left}
    return [(key, sides.get(str(kind), kind)) for key, kind in rows.ids]
