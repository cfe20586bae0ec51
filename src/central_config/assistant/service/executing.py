"""How a plan becomes rows: `Executing.run(caller, plan, now) -> Rows`.

Everything is asked of the services that answer the caller's other requests, so a plan, whoever
wrote it, can show nothing that the caller could not have looked up; secrets are always masked.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from central_config.access.model import Caller
from central_config.assistant.model.plans import LIMIT, Plan, meaningless, meant
from central_config.assistant.model.rows import Rows, counted
from central_config.assistant.model.showing import shortened
from central_config.assistant.service.searching import Searching, moment
from central_config.configurations.model.differences import Difference
from central_config.configurations.model.past import Wanted
from central_config.configurations.service.history import (
    Explanation,
    Followed,
    History,
    Layer,
    Version,
)
from central_config.configurations.service.reading import Reading
from central_config.core.clock import rfc3339
from central_config.core.json import JSON, decode
from central_config.core.problems import Problem, invalid
from central_config.secrets.model import MASK

# How many environments a comparison has.
_SIDES = 2
# How far changes of the past are counted: reading through years of them takes minutes.
COUNTED = 10_000
_MANY, _UNCOUNTED = f"more than {COUNTED:,}", "more than can be counted in a moment"


class Executing:
    """Runs plans."""

    def __init__(self, reading: Reading, history: History, searching: Searching) -> None:
        self._reading = reading
        self._history = history
        self._searching = searching

    async def run(self, caller: Caller, plan: Plan, now: datetime) -> Rows:
        """Return what the plan finds for the caller.

        Raises:
            Problem: `environment-not-found` for one the caller may not see; `invalid-request` for
                a plan that lacks what its intent needs.
        """
        notes = tuple(f"{name} means nothing here: left out" for name in meaningless(plan))
        plan = check(plan)
        if plan.intent == "unsupported":
            return Rows()
        if plan.intent == "find":
            found = await self._searching.find(caller, plan)
        elif plan.intent == "stale":
            found = await self._searching.stale(caller, plan, now)
        elif plan.intent == "changes":
            found = await self._changes(caller, plan)
        elif plan.intent == "compare":
            found = await self._compare(caller, plan)
        else:
            found = await self._explain(caller, plan)
        if plan.count:
            found = _number(found)
        return with_notes(found, notes)

    async def _changes(self, caller: Caller, plan: Plan) -> Rows:
        wanted = Wanted(
            environments=tuple(dict.fromkeys(plan.environments)),
            key=plan.key,
            prefix=plan.prefix or "",
            words=plan.words,
            secret=plan.secret,
            author=plan.author,
            action=plan.action,
            since=moment(plan.since, "since"),
            until=moment(plan.until, "until"),
            newest=plan.newest is not False,
        )
        limit = plan.limit or LIMIT
        found, state = await self._history.changes(caller, wanted, None, limit)
        total, notes = len(found), tuple[str, ...]()
        if total == limit:
            counted_to = await self._history.count_changes(caller, wanted, COUNTED + 1)
            if counted_to is None:
                total, notes = limit + 1, (_UNCOUNTED,)
            else:
                total = counted_to
                notes = (_MANY,) if total > COUNTED else ()
        slugs = [state.topology.slug(each.environment_id) for each in found]
        return Rows(
            columns=("revision", "when", "by", "environment", "key", "action", "value", "message"),
            rows=tuple(
                (
                    each.revision,
                    rfc3339(each.published_at),
                    each.author,
                    slug,
                    each.key,
                    each.action,
                    _then(each),
                    each.message,
                )
                for slug, each in zip(slugs, found, strict=True)
            ),
            ids=tuple(
                (each.revision, slug, each.key) for slug, each in zip(slugs, found, strict=True)
            ),
            total=total,
            revision=state.revision,
            notes=notes,
        )

    async def _compare(self, caller: Caller, plan: Plan) -> Rows:
        first, second = plan.environments
        found, left, _ = await self._reading.compare(
            caller, (first, None), (second, None), plan.prefix or ""
        )
        wanted = [each for each in found if _is_wanted(each, plan)]
        if plan.newest is not None:
            wanted.sort(key=_last_touched, reverse=plan.newest)
        kept = wanted[: plan.limit or LIMIT]
        return Rows(
            columns=("key", "kind", first, second),
            rows=tuple((each.key, each.kind, *_both(each)) for each in kept),
            ids=tuple((each.key, each.kind) for each in kept),
            total=len(wanted),
            revision=left.state.revision,
        )

    async def _explain(self, caller: Caller, plan: Plan) -> Rows:
        slug, key = plan.environments[0], str(plan.key)
        try:
            found = await self._history.explain(caller, slug, key)
        except Problem as problem:
            # Asked for and not there is an answer; what the caller may not see is not there.
            if problem.code not in {"key-not-found", "permission-denied", "invalid-key"}:
                raise
            return Rows(notes=(f"{slug} has no key {key}",))
        return _explained(found)


def check(plan: Plan) -> Plan:
    """Return the plan without what means nothing to its intent: neither is that looked at here.

    Raises:
        Problem: `invalid-request` for one that lacks what its intent needs.
    """
    plan = meant(plan)
    places = len(set(plan.environments))
    if plan.intent == "compare" and (places != _SIDES or len(plan.environments) != _SIDES):
        raise invalid("/plan/environments", "a comparison needs two environments")
    if plan.intent == "explain" and places != 1:
        raise invalid("/plan/environments", "an explanation needs one environment")
    if plan.intent == "explain" and plan.key is None:
        raise invalid("/plan/key", "an explanation needs a key")
    moment(plan.since, "since")
    moment(plan.until, "until")
    for name in ("environments", "key", "prefix", "words", "value", "author"):
        # The database cannot look for one, and nothing it holds has one.
        if "\0" in "".join(getattr(plan, name) or ()):
            raise invalid(f"/plan/{name}", "must not contain the character NUL")
    return plan


def _number(found: Rows) -> Rows:
    """Return how many were found, or that there are more than one counts."""
    unsure = {_MANY, _UNCOUNTED}.intersection(found.notes)
    rows = counted(found.total, found.revision, found.notes)
    told: JSON = next(iter(unsure)) if unsure else found.total
    return msgspec.structs.replace(rows, rows=((told,),))


def with_notes(rows: Rows, notes: Sequence[str]) -> Rows:
    """Return the rows with these notes in front of their own."""
    return Rows(
        columns=rows.columns,
        rows=rows.rows,
        ids=rows.ids,
        total=rows.total,
        revision=rows.revision,
        notes=(*notes, *rows.notes),
    )


def _then(version: Version) -> JSON:
    """Return the value a change brought."""
    if not version.body:
        return None
    return MASK if version.secret else decode(version.body)


def _is_wanted(found: Difference, plan: Plan) -> bool:
    if plan.kinds and found.kind not in plan.kinds:
        return False
    if plan.key is not None and found.key != plan.key:
        return False
    if plan.secret is not None and found.secret != plan.secret:
        return False
    small = found.key.lower()
    return all(word.lower() in small for word in plan.words)


def _last_touched(found: Difference) -> int:
    sides = (found.before, found.after)
    return max(side.cell.revision for side in sides if side is not None)


def _both(found: Difference) -> list[JSON]:
    """Return the values of both sides; a secret on either hides the other too."""
    return [
        None if side is None else MASK if found.secret else decode(side.body)
        for side in (found.before, found.after)
    ]


def _explained(found: Explanation) -> Rows:
    slug = found.environment.slug
    notes = [_led(each) for each in found.references]
    if found.served is None:
        notes.insert(0, f"{slug} does not serve {found.key}")
    elif not found.served.secret:
        notes.insert(0, f"{slug} serves {_written(found.served.body)}")
    if found.description:
        notes.append(found.description)
    return Rows(
        columns=("environment", "value", "status", "version", "supplies", "when", "by", "message"),
        rows=tuple(_step(each) for each in found.layers),
        ids=((slug, found.key),),
        total=1,
        revision=found.state.revision,
        notes=tuple(notes),
    )


def _step(layer: Layer) -> tuple[JSON, ...]:
    cell, origin = layer.cell, layer.origin
    value = None
    if cell.body and not layer.hidden:
        value = MASK if cell.secret else decode(cell.body)
    who: tuple[JSON, ...] = (None, None, None)
    if origin is not None:
        who = (rfc3339(origin.published_at), origin.author, origin.message)
    return layer.environment, value, cell.status, cell.version, layer.supplies, *who


def _led(found: Followed) -> str:
    value = MASK if found.served.secret else _written(found.served.body)
    return f"{found.written} leads to {found.environment}:{found.key}, which is {value}"


def _written(body: bytes) -> str:
    """Return an encoded value for the middle of a sentence."""
    return shortened(body.decode(), _LONGEST)


# Characters of a value in a sentence.
_LONGEST = 200
