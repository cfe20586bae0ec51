"""Questions that are refused before anybody tries to understand them."""

import re

from central_config.assistant.model.language.listed import listed
from central_config.assistant.model.plans import Reason
from central_config.assistant.model.questions.grammar import expression
from central_config.assistant.model.questions.text import LONGEST, read

_VERBS = listed("""
    add append adjust alter amend apply approve archive assign bump change clear create deactivate
    activate decrease delete deprecate destroy disable discard double downgrade drop duplicate edit
    enable encrypt erase fix give grant halve improve increase increment decrement insert kill lower
    make mark migrate modify move nuke overwrite override promote publish purge put raise reboot
    reduce refactor reject remove rename reorganize reorganise replace reset restart restore retire
    revert revoke rewrite rollback rotate set shrink shut submit synchronise synchronize tighten
    tidy truncate tune turn unarchive undeprecate undo unpublish unset update upgrade upsert wipe
    zap
""")
# These begin the names of keys as well: an order says what, or where to.
_NAMES_TOO = listed("""
    clone commit copy cut deploy flip import merge patch pin push run save scale scrap seed store
    swap switch sync toggle trim upload write
""")
_PHRASAL = (
    r"roll( \S+){0,4} back|clean up|set up|tear down|get rid of|bring( \S+){0,3} back|"
    r"scale( \S+){0,3} (up|down)|take( \S+){1,4} (out|away|offline)|ramp up|execute|"
    r"(use|point)( \S+){1,6} (instead|at|to)"
)
# What begins like an order and is none: `give me`, `change history`, `set of keys`.
_SHOWN = (
    r"(?!give (me|us)\b|(put|set|lay|place)( \S+){0,12} (side by side|next to each other)\b|"
    r"make (me|us) (a list|an overview|a table)\b|set of\b|run me through\b|"
    r"(update|reset) (interval|frequency|channel|period|timeout|token|url)\b|"
    r"(change|update|edit|write|set|override|add|create|copy|fix|store|archive|patch)"
    r" (history|logs?|lists?|counts?|records?|feeds?|events?)\b)"
)
_WHAT = (
    r"(?= (the|a|an|this|that|these|those|all|it|them|my|our|every|any|\d+|\S+[/._=]\S*)( |$)"
    r"| .*\b(to|into|with|onto)\b)"
)
_VERB = (
    rf"{_SHOWN}(((re-?)?({'|'.join(sorted(_VERBS))})|{_PHRASAL})\b"
    rf"|({'|'.join(sorted(_NAMES_TOO))}){_WHAT})"
)
_PLEASE = (
    "((please|pls|plz|kindly|just|now|then|also|next|quickly|finally|ok|okay|hey|hi|hello|"
    r"first(?! change (to|in|of|by|for)\b)|assistant|so|instead|immediately|automatically|simply|"
    "safely|permanently|directly|and|go|ahead|must|do|you|to|"
    "(can|could|would|will|may|might|should|must) (you|we|i|it|someone|somebody)|"
    "(i|we) (would like|want|need|wish|have|ought|plan)( you)?( to)?|let us|"
    "i am going to|help me( to)?|be so kind as to|try to|it is time to|"
    "you (should|must|need to|have to)|make sure to|remember to|feel free to) )*"
)
_DONE = (
    "(set|changed|updated|removed|deleted|renamed|increased|decreased|raised|lowered|reduced|"
    "doubled|halved|reset|restored|reverted|enabled|disabled|turned|switched|bumped|published|"
    "approved|rejected|archived|replaced|added|created|rolled back|overwritten|cleared|wiped)"
)
_ORDER = expression(
    rf"(^|[,;.:] |\bthen |\bplease ){_PLEASE}{_VERB}"
    rf"|\b((need|want|like|ask) (you|us|somebody|someone)|time|possible( for you)?) to {_VERB}"
    r"|\bmind (?!show|tell|list|giv|explain|look|check|help)\w+ing\b"
    r"|^(propose|draft|open|prepare|request|file|schedule|stage) (a|an|the|some) (\S+ )?"
    r"(change|edit|update|proposal|draft)\b"
    rf"|\b(do it|make it so|get it done)$|^(can|could|may) \S.* be {_DONE}\b"
)
_FURTHER = expression(rf"(?<!\bread )\b(and|but|or) {_PLEASE}{_VERB}(?! (by|in|on|at)\b)")
# `whatever has been archived` is looked for, `the old ones archived` is an order.
_WISH = expression(
    r"\b(want|need|like|wish|please have|get)\b"
    r"(?!.*\b(what|whatever|whichever|that|which|who) (\S+ ){0,3}"
    rf"(has|have|had|was|were|is|are|got) (been |being )?{_DONE}\b)"
    rf".* (to be |be )?{_DONE}\b"
)
_SHOULD = expression(
    r"^(?!((?!should|must|needs?|has|have|ought)\S+ ){0,3}"
    r"(what|which|who|whose|where|why|when|how)\b|"
    r"show|list|should|does|do|is|are|find|count)"
    r"\S.*\b(should|must|needs? to|has to|have to|ought to) (now )?"
    r"(be|become|equal|point|go|use|have|read|say)\b"
)
# After these, a verb is what somebody does or did: `what did bob add and remove`.
_ASKS = expression(r"\b(did|does|do|has|have|had|was|were|who|to|can|may|could|might)\b")
_HOW = expression(
    rf"\bhow (do|can|could|would|should|to|does one)( (i|we|you|one|someone|somebody))? {_VERB}"
)
_REVEAL = expression(
    "^((please|can you|could you|now|just|and|then) )*"
    r"(reveal|unmask|decrypt|uncover|leak|exfiltrate|dump)\b"
    r"|\b(and|then|;|,|\.) (reveal|unmask|decrypt|leak|exfiltrate)\b"
    r"|\b(in|as) (plain ?text|clear ?text|the clear)\b|\bunmasked\b"
)
# `tell me if klarna is offered` asks, `tell me if it goes down` wants an alarm.
_STATE = (
    r"if (?!.*\b(changed|down|gone|broken|updated|removed|deleted|exceeded|reached)\b)"
    r"(\S+ ){1,8}(is|are|do|does|have|can|may)\b"
)
_TELL = expression(
    r"^(please |can you |could you )*(notify|alert|remind|warn|ping|inform|tell|let) (me|us)\b"
    rf"(?! {_STATE}|( know)? {_STATE})"
    r"( know)? (if|when|whenever|once|as soon as|every time)\b(?!.*\b(was|were|did|has|last)\b)"
)
# What the asker is up to is no order: `I'd like to clean up a bit. What is unused?`
_PLANS = re.compile(
    r"^\s*(?:i|we)(?:'d| would|'m| am| are|'re)? "
    r"(?:like|want|need|plan|planning|about|going|have|intend) to [^.?!;]*[.!;]\s+"
    r"(?=(?:and |so |but )?(?:what|which|who|where|why|when|how (?:many|much|long|often))\b)",
    re.IGNORECASE,
)
# `Can we drop it, or does something still read it?` asks whether anybody needs it.
_USED = re.compile(
    r"^(?:can|could|may) (?:we|i)\b.*\b(?:or|,|\.|;) (?:is|are|does|do|has) (?:some|any|no)"
    r"(?:body|one|thing| \w+)\b.*\b(?:read|us(?:e|es|ed|ing)\b|need|fetch|look|ask|consum|request)"
)
# `Logs as plain text` is a format; a secret in plain text is what nobody may have.
_FORMAT = re.compile(
    r"\b(?:logs?|logging|mails?|emails?|format\w*|output|messages?|exports?)\b.* (?:in"
    r"|as) plain ?text\b"
    r"|\bplain ?text\b.*\b(?:instead of|rather than|or|not) (?:json|html|xml|yaml|markdown)\b"
)
_QUOTES = re.compile("“[^”]*”")


def without_plans(question: str) -> str:
    """Return a question without what its asker says of their own plans before it."""
    return _PLANS.sub("", question)


def guard(question: str) -> Reason | None:
    """Return why a question must not be tried, or None.

    It is no defence: a plan cannot write. It spares the asker an answer to something else than
    what was asked.
    """
    if not question.strip() or len(question) > LONGEST:
        return "unclear"
    text = read(without_plans(question))
    if not re.search(r"[^\W_]", text.lower):
        return "unclear"
    spoken = _QUOTES.sub("“”", text.lower)
    if _FORMAT.search(spoken):
        spoken = spoken.replace("plain text", "text").replace("plaintext", "text")
    if _USED.search(spoken):
        return None
    if _HOW.search(spoken) or _REVEAL.search(spoken) or _TELL.search(spoken):
        return "outside"
    return "write" if _writes(spoken) else None


def _writes(spoken: str) -> bool:
    if _ORDER.search(spoken) or _WISH.search(spoken) or _SHOULD.search(spoken):
        return True
    found = _FURTHER.search(spoken)
    if found is None:
        return False
    sentence = re.split(r"[.;] ", spoken[: found.start()])[-1]
    return not _ASKS.search(sentence)
