"""What people of a workspace say for what its configurations are called."""

from collections.abc import Mapping, Sequence

from central_config.access.model import Caller
from central_config.assistant.model.language.synonyms import BUILT_IN
from central_config.assistant.store import synonyms as store
from central_config.assistant.store.synonyms import Synonym
from central_config.audit.model import Event
from central_config.audit.service import record
from central_config.core.clock import Clock
from central_config.core.db import Database, transaction
from central_config.core.problems import Problem, invalid

# Synonyms of one workspace: each question looks through all of them.
MOST = 500


class Synonyms:
    """Those that come with the service, and those a workspace has in their place or besides."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def own(self, caller: Caller) -> list[Synonym]:
        """Return the workspace's own."""
        async with self._database.connect() as connection:
            return await store.synonyms(connection, caller.place.id)

    async def all(self, caller: Caller) -> Mapping[str, Sequence[str]]:
        """Return all that questions about the workspace are read with."""
        return {**BUILT_IN, **{each.said: each.words for each in await self.own(caller)}}

    async def save(self, caller: Caller, said: str, words: Sequence[str]) -> Synonym:
        """Say what something may stand for; in place of what was said of it before.

        Raises:
            Problem: `invalid-request` when there are too many already.
        """
        said, words = normal(said), tuple(dict.fromkeys(normal(word) for word in words))
        if not said or not all(words):
            raise invalid("/words" if said else "/said", "this says nothing")
        now, place = self._clock.now(), caller.place
        async with transaction(self._database) as connection:
            await store.save(connection, place.id, said, words, now, caller.actor.name)
            if await store.count(connection, place.id) > MOST:
                raise invalid("/said", f"a workspace has at most {MOST} synonyms")
            event = Event("synonym.saved", said, caller.actor, place.id, {"words": [*words]})
            await record(connection, [event], self._clock)
        return Synonym(said, words, now, caller.actor.name)

    async def remove(self, caller: Caller, said: str) -> None:
        """Forget one; what comes with the service counts again.

        Raises:
            Problem: `not-found`.
        """
        said, place = normal(said), caller.place
        async with transaction(self._database) as connection:
            if not await store.remove(connection, place.id, said):
                raise Problem("not-found", f"this workspace has no synonym {said!r} of its own")
            event = Event("synonym.deleted", said, caller.actor, place.id)
            await record(connection, [event], self._clock)


def normal(text: str) -> str:
    """Return a text as it is compared: in small letters, single spaces."""
    return " ".join(text.lower().split())
