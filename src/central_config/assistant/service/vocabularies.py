"""The words of a tenant, for one caller: made of what is in memory, kept while it stays the same.

A vocabulary holds names only, so it outlives the revisions that change nothing but values; what
the values are is looked up in `_Values`, which follows each revision.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID

from central_config.access.model import Caller
from central_config.assistant.model.language.vocabulary import Vocabulary
from central_config.assistant.model.matching import forms
from central_config.assistant.service.scope import visible
from central_config.assistant.service.synonyms import Synonyms
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service import Snapshots, Step
from central_config.configurations.service.history import History
from central_config.configurations.service.reading import narrow
from central_config.configurations.service.steady import steadily
from central_config.core.json import encode
from central_config.core.pace import STRIDE, Steps

# Vocabularies kept, and keys they may have together; the last one used is kept whatever its size.
KEPT = 32
KEPT_KEYS = 500_000


class _Values:
    """What is served somewhere and is no secret, as encoded values."""

    def __init__(self, bodies: frozenset[bytes]) -> None:
        self.bodies = bodies

    def __contains__(self, text: object) -> bool:
        return any(form in self.bodies for form in forms(str(text)))


class _Names(NamedTuple):
    """What a vocabulary is made of, values aside."""

    environments: Sequence[str]
    parents: Mapping[str, str]
    users: Sequence[str]
    keys: Sequence[str]
    synonyms: Mapping[str, Sequence[str]]

    @property
    def version(self) -> str:
        """A text that is the same for the same names."""
        return hashlib.sha256(encode(self)).hexdigest()[:32]


class _Authors(NamedTuple):
    """Who published in some environments, up to a revision."""

    names: frozenset[str]
    places: frozenset[UUID]
    through: int


class _Entry(NamedTuple):
    """A vocabulary, and the revision of the state its keys and values were gathered at."""

    names: _Names
    authors: _Authors
    vocabulary: Vocabulary
    values: _Values
    state: WorkspaceState
    revision: int

    def follows(self, state: WorkspaceState) -> bool:
        """Tell whether keys and values are those of the state as it is."""
        return self.state is state and self.revision == state.revision


class _Gathered(NamedTuple):
    keys: tuple[str, ...]
    bodies: frozenset[bytes]


# A caller's view of a workspace: two who see the same share a vocabulary.
_View = tuple[UUID, frozenset[str] | None, str]


class Vocabularies:
    """Makes vocabularies, and keeps those used last."""

    def __init__(self, snapshots: Snapshots, history: History, synonyms: Synonyms) -> None:
        self._snapshots = snapshots
        self._history = history
        self._synonyms = synonyms
        self._kept: OrderedDict[_View, _Entry] = OrderedDict()

    def take(self, step: Step) -> None:
        """Forget what belongs to a state that is not held any more; listens to `Snapshots`."""
        if step.changes is None:
            for view in [each for each in self._kept if each[0] == step.state.workspace_id]:
                del self._kept[view]

    async def of(self, caller: Caller, environment: str | None = None) -> Vocabulary:
        """Return the words a question of the caller can be about.

        `environment`: one that the caller says there is; perhaps it is a moment old.
        """
        asked = [] if environment is None else [environment]
        state = await self._snapshots.knowing(caller.place.id, asked)
        synonyms = await self._synonyms.all(caller)
        view = _view(caller)
        kept = self._kept.get(view)
        authors = await self._authors(caller, state, None if kept is None else kept.authors)
        if kept is not None and kept.follows(state):
            keys, values, revision = kept.names.keys, kept.values, kept.revision
        else:
            gathered, (revision,) = await steadily(partial(_gather, caller, state), state)
            keys = gathered.keys
            values = _Values(frozenset()) if kept is None else kept.values
            values.bodies = gathered.bodies
        users = tuple(sorted(authors.names))
        names = _Names(*_environments(caller, state), users, keys, synonyms)
        if kept is not None and kept.names == names:
            vocabulary = kept.vocabulary
        else:
            vocabulary = await asyncio.to_thread(_made, names, values)
        self._keep(view, _Entry(names, authors, vocabulary, values, state, revision))
        return vocabulary

    async def _authors(
        self, caller: Caller, state: WorkspaceState, known: _Authors | None
    ) -> _Authors:
        """Return who published what the caller may see; only revisions not seen are asked for."""
        through, places = state.revision, frozenset(each.id for each in visible(caller, state))
        if known is None or known.places != places:
            known = _Authors(frozenset(), places, 0)
        if known.through < through:
            more = await self._history.authors(caller, known.through, through)
            known = _Authors(known.names.union(more), places, through)
        return known

    def _keep(self, view: _View, entry: _Entry) -> None:
        if self._snapshots.peek(entry.state.workspace_id) is not entry.state:
            return  # put away or replaced meanwhile: keeping it would keep all of it in memory
        self._kept[view] = entry
        self._kept.move_to_end(view)
        keys = sum(len(each.names.keys) for each in self._kept.values())
        while len(self._kept) > 1 and (len(self._kept) > KEPT or keys > KEPT_KEYS):
            _, dropped = self._kept.popitem(last=False)
            keys -= len(dropped.names.keys)


def _view(caller: Caller) -> _View:
    scope = caller.principal.scope
    if scope is None:
        return caller.place.id, None, ""
    return caller.place.id, scope.environments, scope.key_prefix


def _environments(
    caller: Caller, state: WorkspaceState
) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Return the environments the caller may see, and the parents of those that have one."""
    places = visible(caller, state)
    slugs = {each.id: each.slug for each in places}
    parents = {
        each.slug: slugs[each.parent_id]
        for each in places
        if each.parent_id is not None and each.parent_id in slugs
    }
    return tuple(slugs.values()), parents


def _gather(caller: Caller, state: WorkspaceState) -> Steps[_Gathered]:
    """Gather the keys that are or were held or served where the caller may look, and values."""
    prefix = narrow(caller, "") or ""
    keys: dict[str, None] = {}
    bodies: set[bytes] = set()
    for environment in visible(caller, state):
        entries = state.entries(environment.id, prefix)
        for position, (key, served) in enumerate(entries):
            keys[key] = None
            if not served.secret:
                bodies.add(served.body)
            if position % STRIDE == 0:
                yield
        # Also what was removed or archived: people ask about the past.
        for position, key in enumerate(list(state.layer(environment.id))):
            if key.startswith(prefix):
                keys[key] = None
            if position % STRIDE == 0:
                yield
    # Nearly in order already: what an heir has of its own stands behind what all have.
    return _Gathered(tuple(sorted(keys)), frozenset(bodies))


def _made(names: _Names, values: _Values) -> Vocabulary:
    """Return a vocabulary whose indexes are ready; takes a while where there are many keys."""
    vocabulary = Vocabulary(
        environments=names.environments,
        parents=names.parents,
        users=names.users,
        keys=names.keys,
        synonyms=names.synonyms,
        values=values.__contains__,
        version=names.version,
    )
    # Made when first asked for, and kept: here, rather than on the event loop.
    _ = vocabulary.index, vocabulary.names
    return vocabulary
