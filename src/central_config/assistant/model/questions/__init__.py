"""Questions in plain words, understood without a model, over the words of one tenant.

    reason = guard(question)                      # refused before anything else looks at it
    parsed = parse(question, vocabulary, now)     # a plan only if every word is explained
    period = times.mentioned(question, now)       # since and until that a question speaks of

A question becomes `text.Text`. At each of its tokens `cues`, `values`, `phrases`, `places` and
`times` offer clauses: so many tokens, and what they mean. `cover` takes the cheapest row of
clauses that leaves no token out, and `assembly` makes a plan of it, or refuses when the clauses
do not agree.
"""

from central_config.assistant.model.questions.guard import guard
from central_config.assistant.model.questions.parser import Parsed, parse

__all__ = ["Parsed", "guard", "parse"]
