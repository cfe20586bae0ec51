"""Tables of the assistant."""

from central_config.assistant.tables.advice import cc_advice_scan, cc_recommendation
from central_config.assistant.tables.reviews import cc_review, cc_review_policy
from central_config.assistant.tables.synonyms import cc_synonym
from central_config.assistant.tables.uses import cc_key_use, cc_use_counting

__all__ = [
    "cc_advice_scan",
    "cc_key_use",
    "cc_recommendation",
    "cc_review",
    "cc_review_policy",
    "cc_synonym",
    "cc_use_counting",
]
