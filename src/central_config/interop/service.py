"""From a file to a draft change with a difference to look at, and from an environment to a file."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Literal, NamedTuple

from central_config.access.model import Caller
from central_config.audit.model import Event
from central_config.audit.service import record
from central_config.configurations.model.cells import REMOVED, Cell, Site
from central_config.configurations.model.changes import REMOVE, SET, Change
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service import Snapshots
from central_config.configurations.service.changing import Changing
from central_config.configurations.service.edits import Wish
from central_config.configurations.service.reading import At, Reading, When, narrow
from central_config.core.clock import Clock
from central_config.core.db import Database, transaction
from central_config.core.json import JSON, decode, encode
from central_config.core.pace import STRIDE, Steps, unhurried
from central_config.core.problems import FieldError, Problem
from central_config.interop.model.formats import parse, render
from central_config.interop.model.terms import Entry, Format, Notice, Parsed, ParseError
from central_config.secrets.model import MASK, looks_secret
from central_config.workspaces.model import Environment

# Edits handed over at once; between two blocks other requests get their turn.
BLOCK = 2000


class Options(NamedTuple):
    """How a file is read.

    `replace` also removes what the environment itself holds below `prefix` and the file lacks.
    """

    format: Format
    prefix: str = ""
    separator: str = "/"
    references: Literal["escape", "keep"] = "escape"
    replace: bool = False
    message: str = ""


class Effect(NamedTuple):
    """What an import would do to one key: added, changed or removed; values as they are shown."""

    key: str
    kind: str
    before: JSON
    after: JSON
    secret: bool


class Progress(NamedTuple):
    """How far an import has come: `done` of `total` edits are kept."""

    done: int
    total: int


class Imported(NamedTuple):
    """What an import led to; `change` None: the environment holds all of it already."""

    change: Change | None
    entries: int
    unchanged: int
    notices: Sequence[Notice]
    effects: Sequence[Effect]


class Exported(NamedTuple):
    """A file, and what was remarkable about it."""

    text: str
    notices: Sequence[Notice]
    revision: int


class Interop:
    """Imports and exports."""

    def __init__(
        self,
        database: Database,
        snapshots: Snapshots,
        reading: Reading,
        changing: Changing,
        clock: Clock,
    ) -> None:
        self._database = database
        self._snapshots = snapshots
        self._reading = reading
        self._changing = changing
        self._clock = clock

    async def import_file(
        self, caller: Caller, slug: str, text: str, options: Options
    ) -> AsyncIterator[Progress | Imported]:
        """Keep a file as a draft change; yields progress, then the result as the last item.

        Nothing is served differently until the change is published.

        Raises:
            Problem: `import-failed` with the line, or what is wrong with a key or value.
        """
        parsed = await asyncio.to_thread(_parse, text, options)
        state = await self._snapshots.knowing(caller.place.id, [slug])
        environment = self._reading.find(caller, state, slug)
        # Others may publish while it is compared: the draft starts from what is known now.
        base = state.revision
        wishes, effects = await unhurried(
            _differences(caller, state, environment, parsed.entries, options)
        )
        unchanged = len(parsed.entries) - sum(effect.kind != REMOVED for effect in effects)
        change: Change | None = None
        message = options.message or f"Import {len(wishes)} keys from {options.format}"
        if len(wishes) > BLOCK:  # nothing of a file that is wrong at its end may be kept
            for start in range(0, len(wishes), BLOCK):
                await self._changing.check(caller, wishes[start : start + BLOCK])
        for start in range(0, len(wishes), BLOCK):
            block = wishes[start : start + BLOCK]
            if change is None:
                change = await self._changing.draft(caller, block, message, base, kind="import")
            else:
                change = await self._changing.append(caller, change.id, block)
            yield Progress(start + len(block), len(wishes))
        yield Imported(change, len(parsed.entries), unchanged, parsed.notices, effects)

    async def export(
        self,
        caller: Caller,
        slug: str,
        format_: Format,
        *,
        prefix: str = "",
        at: At = None,
        secrets: Literal["mask", "omit", "reveal"] = "mask",
    ) -> Exported:
        """Return what an environment serves as a file, references resolved.

        Raises:
            Problem: `permission-denied` for secrets in clear without the permission.
        """
        state = await self._reading.state(caller.place.id, slug, When(at))
        environment = self._reading.find(caller, state, slug)
        # A file made of it may feed an application.
        self._reading.count_part(caller, environment, prefix)
        narrowed = narrow(caller, prefix)
        entries = [] if narrowed is None else list(state.entries(environment.id, narrowed))
        values: dict[str, JSON] = {}
        revealed: list[JSON] = []
        for key, served in entries:
            if not served.secret or secrets == "reveal":
                values[key] = decode(served.body)
            elif secrets == "mask":
                values[key] = MASK
            if served.secret and secrets == "reveal":
                if not caller.reveals(slug, key):
                    raise Problem("permission-denied", "this needs the permission secret.reveal")
                revealed.append(key)
        if revealed:
            details: dict[str, JSON] = {"keys": revealed[:1000], "count": len(revealed)}
            event = Event("secret.exported", slug, caller.actor, caller.place.id, details)
            async with transaction(self._database) as connection:
                await record(connection, [event], self._clock)
        name = f"{caller.place.slug}-{slug}"
        text, notices = await asyncio.to_thread(render, values, format_, name=name)
        return Exported(text, notices, state.revision)


def _parse(text: str, options: Options) -> Parsed:
    try:
        return parse(
            text,
            options.format,
            prefix=options.prefix,
            separator=options.separator,
            references=options.references,
        )
    except ParseError as error:
        where = "/" if error.line is None else f"line {error.line}"
        extra: dict[str, JSON] = {"line": error.line, "column": error.column}
        raise Problem(
            "import-failed", str(error), errors=[FieldError(where, error.detail)], extra=extra
        ) from None


def _differences(
    caller: Caller,
    state: WorkspaceState,
    environment: Environment,
    entries: Sequence[Entry],
    options: Options,
) -> Steps[tuple[list[Wish], list[Effect]]]:
    """Return, in steps, what to write and how that looks.

    A value the caller may not see counts as changed, whatever it holds: else a file of guesses
    would tell which ones are right.
    """
    wishes: list[Wish] = []
    effects: list[Effect] = []
    for position, entry in enumerate(entries, 1):
        if position % STRIDE == 0:
            yield
        known = entry.key in state.secret_keys
        secret = known or looks_secret(entry.key, entry.value)
        own = state.own(Site(environment.id, entry.key))
        held = own if own is not None and own.status != REMOVED else None
        if held is not None and held.secret == secret and _same(caller, environment, held, entry):
            continue
        before = None if held is None else decode(held.body)
        wishes.append(
            Wish(environment.slug, entry.key, SET, entry.value, secret=secret and not known)
        )
        effects.append(
            Effect(
                entry.key,
                "added" if held is None else "changed",
                MASK if secret and held is not None else before,
                MASK if secret else entry.value,
                secret,
            )
        )
    if options.replace:
        for effect in _removed(state, environment, {entry.key for entry in entries}, options):
            wishes.append(Wish(environment.slug, effect.key, REMOVE))
            effects.append(effect)
    return wishes, effects


def _same(caller: Caller, environment: Environment, held: Cell, entry: Entry) -> bool:
    """Tell whether an entry is what is held already, to those who may know what is held."""
    if not caller.principal.reaches(environment.slug, entry.key):
        return False
    if held.secret and not caller.reveals(environment.slug, entry.key):
        return False
    return held.body == encode(entry.value)


def _removed(
    state: WorkspaceState, environment: Environment, kept: set[str], options: Options
) -> list[Effect]:
    layer: Mapping[str, object] = state.layer(environment.id)
    below = f"{options.prefix}/" if options.prefix else ""
    found: list[Effect] = []
    for key in sorted(layer):
        cell = state.own(Site(environment.id, key))
        if key in kept or not key.startswith(below) or cell is None or cell.status == REMOVED:
            continue
        before = MASK if cell.secret else decode(cell.body)
        found.append(Effect(key, REMOVED, before, None, cell.secret))
    return found
