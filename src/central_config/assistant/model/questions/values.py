"""Values in a question: what follows `set to`, `equal to` or `containing`, as it was typed."""

import re
from collections.abc import Iterator

from central_config.assistant.model.language.vocabulary import Vocabulary
from central_config.assistant.model.questions.clauses import CUE, WORDS, Clause
from central_config.assistant.model.questions.grammar import compiled
from central_config.assistant.model.questions.text import Text, unquoted

# `set to 5`, `= 5`: what follows is a value, as it was typed.
_IS_VALUE = compiled(
    "("
    "<that>((is|are|was|were|has|have|being) )?(currently )?"
    "(set|equals?|points?|pointing|resolves?|resolving|configured|match(es|ing)?) "
    "(exactly )?(to|at|as|with) (the value )?"
    "|((that|which|whose values?) )?(equals?|=|==) "
    "|(with|having|have|has|of|carry|carrying|use|uses|using|whose|where)( the| a| their| its)? "
    "values?( (is|are|equals?|=|of|equal to|set to))? "
    "|(the )?value (of )?(?=“)"
    "|(values|keys|settings|configurations|configs|entries|parameters)( (that|which))? "
    "((are|is) (equal to )?|equal(s|ing)?( to)? |= ?|set to )"
    ")<it>"
)
_MENTIONS = "(contain|contains|containing|include|includes|including|mention|mentions|mentioning)"
_IN_VALUE = compiled(
    "(((with|having|have|has|whose|where|in|the|any|all|which|what) )*((the|their|a|its) )?values?"
    f"( (that|which))? ({_MENTIONS}|hold|holding|with|like|refer to|refers to|referring to|"
    r"referencing|(has|have|holds?|got)(?= \S+ (in|inside) (it|them)))"
    rf"|({_MENTIONS}|with|having|have|has)(?= \S+ (in (the|its|their) values?|as (a )?value)))"
    "( the)?( (text|word|string|term|host|name|substring))? <it>"
    "( (in|as) ((the|its|their|a) )?values?| (in|inside) (it|them))?"
)
_AS_VALUE = compiled("(have|has|having|with|use|uses|using) <it> as( (a|the|their|its))? values?")
_ARE = compiled("are( all)? <it>")
_CONTAINING = compiled(f"<that>{_MENTIONS} <it>")


def clauses(text: Text, vocabulary: Vocabulary) -> Iterator[Clause]:
    """Yield every value at every token of a question."""
    for start in text.starts:
        for pattern in (_IS_VALUE, _AS_VALUE):
            found = pattern.match(text.lower, start)
            said = _typed(found, text, vocabulary)
            if found and said is not None:
                yield Clause(start, found.end(), CUE, (("value", said),))
        found = _ARE.match(text.lower, start)
        said = found and as_value(text.raw[found.start("it") : found.end()], vocabulary)
        if found and said:
            yield Clause(start, found.end(), WORDS, (("value", said),))
        for pattern, cost in ((_IN_VALUE, CUE), (_CONTAINING, WORDS)):
            found = pattern.match(text.lower, start)
            if found:
                said = text.raw[found.start("it") : found.end("it")]
                yield Clause(start, found.end(), cost, (("contains", unquoted(said)),))


def _typed(found: re.Match[str] | None, text: Text, vocabulary: Vocabulary) -> str | None:
    """Return the value that was typed, if it can be one rather than a word of the question."""
    if not found:
        return None
    raw = text.raw[found.start("it") : found.end("it")]
    said = unquoted(raw)
    if said != raw or re.search(r"\d", said):
        return said
    known = as_value(said, vocabulary)
    if known is None and said.lower() in {"true", "false", "null"}:
        return said.lower()
    return known


def as_value(said: str, vocabulary: Vocabulary) -> str | None:
    """Return what was said as it is a value somewhere, in whatever case; None if it is none."""
    forms = dict.fromkeys((said, said.lower(), said.upper(), said.title()))
    return next((form for form in forms if vocabulary.is_value(form)), None)
