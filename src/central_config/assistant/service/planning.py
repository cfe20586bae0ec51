"""A plan written by a model, from what this tenant has."""

import asyncio
import threading
from collections import OrderedDict
from datetime import datetime

import msgspec

from central_config.assistant.model.language.vocabulary import Vocabulary
from central_config.assistant.model.planning.facts import Facts
from central_config.assistant.model.planning.meaning import Meanings
from central_config.assistant.model.planning.prompts import PLAN_SYSTEM, PLAN_VERSION, plan_prompt
from central_config.assistant.model.planning.retrieval import Retrieval
from central_config.assistant.model.planning.schema import MARKS, Draft, plan_of, schema
from central_config.assistant.model.plans import Plan
from central_config.assistant.service.engine import Engine, EngineAwayError, Request

# What the model may choose a key from; it is shown only the words.
CANDIDATES = 40
# Words of the tenant that stand before every question, and those close to this question.
COMMON_WORDS = 60
NEAR_WORDS = 8
# Environments and users that a model is told of; those a question names, code finds by itself.
MOST_NAMES = 40
# A draft has some twenty tokens; longer ones are a model that does not stop.
MOST_TOKENS = 96
_KEPT = 16


class Planner:
    """Asks an engine for plans.

    Args:
        engine: the model.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._meanings: Meanings | None = None
        self._kept: OrderedDict[str, Retrieval] = OrderedDict()
        self._lock = threading.Lock()

    def learn(self, meanings: Meanings) -> None:
        """From now on find keys by what words mean, too."""
        with self._lock:
            self._meanings = meanings
            self._kept.clear()

    async def plan(
        self,
        question: str,
        vocabulary: Vocabulary,
        now: datetime,
        environment: str | None = None,
    ) -> Plan:
        """Return the plan as the model wrote it: to be checked before anything is done with it.

        Raises:
            EngineAwayError: there is no model now, or its answer cannot be read.
        """
        # Tens of thousands of keys take their time; everybody else's requests go on meanwhile.
        request = await asyncio.to_thread(self._asked, question, vocabulary, now, environment)
        reply = await self._engine.ask(request)
        return plan_of(_read(reply.text), request.keys)

    def _asked(
        self, question: str, vocabulary: Vocabulary, now: datetime, environment: str | None
    ) -> Request:
        return self.request(question, Facts(question, vocabulary, now, environment))

    def request(self, question: str, facts: Facts) -> Request:
        """Return what the model is asked: no more than what the question itself does not say."""
        vocabulary = facts.vocabulary
        retrieval = self._retrieval(vocabulary)
        common = retrieval.common(COMMON_WORDS)
        near = retrieval.words(facts.naming, NEAR_WORDS)
        keys = retrieval.candidates(facts.naming, CANDIDATES)
        environments = vocabulary.environments[:MOST_NAMES]
        users = vocabulary.users[:MOST_NAMES]
        return Request(
            purpose="plan",
            prompt_version=PLAN_VERSION,
            system=PLAN_SYSTEM,
            prompt=plan_prompt(environments, users, common, near, question),
            schema=schema(
                environments=environments,
                users=users,
                words=tuple(dict.fromkeys((*near, *common))),
                keys=keys,
                marks=[mark for mark in MARKS if mark in facts.hinted],
            ),
            most_tokens=MOST_TOKENS,
            keys=keys,
        )

    def _retrieval(self, vocabulary: Vocabulary) -> Retrieval:
        """Return the index of a vocabulary, made once while it is in use."""
        with self._lock:
            found = self._kept.pop(vocabulary.version, None)
            if found is None:
                ranking = self._meanings.index(vocabulary.keys) if self._meanings else None
                found = Retrieval(vocabulary.words, ranking)
            self._kept[vocabulary.version] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return found


def _read(text: str) -> Draft:
    try:
        return msgspec.json.decode(text, type=Draft)
    except msgspec.DecodeError as error:
        raise EngineAwayError(f"the model's plan cannot be read: {error}") from error
