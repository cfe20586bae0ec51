"""The jobs of the assistant, and when they run by themselves."""

from collections.abc import Sequence

from central_config.assistant.tasks.advice import KINDS as ADVICE_KINDS
from central_config.assistant.tasks.advice import SCHEDULE as ADVICE_SCHEDULE
from central_config.assistant.tasks.reviews import KINDS as REVIEW_KINDS
from central_config.core.jobs.model import JobKind, Schedule

KINDS: Sequence[JobKind] = (*ADVICE_KINDS, *REVIEW_KINDS)

SCHEDULE: Sequence[Schedule] = (*ADVICE_SCHEDULE,)
