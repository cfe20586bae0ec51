"""The words of a review: a model is asked in a worker, and what it says is kept, sealed.

Whatever it says, the findings stay what they are; it can only call the change worse.
"""

from typing import Protocol
from uuid import UUID

import msgspec

from central_config.access.model import WorkspaceRef
from central_config.assistant.model.reviews.findings import risk_of
from central_config.assistant.model.reviews.prompt import (
    PROMPT_VERSION,
    SYSTEM,
    UnusableError,
    prompt,
    read,
    schema,
)
from central_config.assistant.model.reviews.review import (
    Content,
    Stored,
    Wording,
    WordingStatus,
)
from central_config.assistant.service.engine import EngineAwayError, Reply, Request
from central_config.assistant.service.sealing import opened, sealed
from central_config.assistant.store import reviews as store
from central_config.audit.model import Actor
from central_config.core.clock import Clock
from central_config.core.db import Database, transaction
from central_config.secrets.model import SealBrokenError
from central_config.secrets.service import Vault

# Tokens of an answer: some sentences.
_MOST_TOKENS = 400


class ModelAccess(Protocol):
    """Asks a model on somebody's behalf."""

    async def ask_as(self, actor: Actor, place: WorkspaceRef | None, request: Request) -> Reply:
        """Return the model's reply.

        Raises:
            EngineAwayError: there is none.
        """
        ...


class Explaining:
    """Has stored reviews worded.

    Args:
        asking: asks the model; None: there is none here, and reviews are told so.
    """

    def __init__(
        self, database: Database, vault: Vault, asking: ModelAccess | None, clock: Clock
    ) -> None:
        self._database = database
        self._vault = vault
        self._asking = asking
        self._clock = clock

    async def word(self, review_id: UUID) -> str:
        """Ask the model about a review that waits; return what became of it.

        A review that is gone, or has its words, is left alone: a job may run twice.
        """
        async with self._database.connect() as connection:
            stored = await store.by_id(connection, review_id)
        if stored is None or stored.status != "queued":
            return "not waited for"
        try:
            content = opened(self._vault, stored.content)
        except (SealBrokenError, msgspec.MsgspecError):
            # Who looks at it cannot read it either, and may ask again.
            await self._finish(stored, "away", stored.content)
            return "cannot be read"
        wording = await self._wording(content)
        closed = sealed(self._vault, msgspec.structs.replace(content, wording=wording))
        await self._finish(stored, wording.status, closed)
        return wording.status

    async def _wording(self, content: Content) -> Wording:
        risk = risk_of(content.findings)
        asker = content.asker
        actor = Actor(asker.kind, asker.id, asker.name)
        place = WorkspaceRef(content.workspace_id, content.workspace)
        if self._asking is None:
            return _away("AI_ENABLED is false for the worker")
        try:
            reply = await self._asking.ask_as(actor, place, request_for(content))
            said = read(reply.text, risk)
        except EngineAwayError as error:
            return _away(error.reason)
        except UnusableError as error:
            return _away(f"what the model said is not shown: {error}")
        return Wording(
            status="ready",
            explanation=said.explanation,
            verdict=said.verdict,
            model=reply.model,
            digest=reply.digest,
            prompt_version=PROMPT_VERSION,
        )

    async def _finish(self, stored: Stored, status: WordingStatus, content: bytes) -> None:
        async with transaction(self._database) as connection:
            await store.finish(connection, stored.id, status, content, self._clock.now())


def request_for(content: Content) -> Request:
    """Return what a model is asked about a review."""
    risk = risk_of(content.findings)
    return Request(
        purpose="review",
        prompt_version=PROMPT_VERSION,
        system=SYSTEM,
        prompt=prompt(content.message, content.findings),
        schema=schema(risk),
        most_tokens=_MOST_TOKENS,
        keys=tuple(dict.fromkeys(finding.key for finding in content.findings if finding.key)),
    )


def _away(reason: str) -> Wording:
    return Wording(status="away", reason=reason, prompt_version=PROMPT_VERSION)
