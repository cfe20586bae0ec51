"""What people say in passing: loose words that support a meaning, where the parser wants certainty.

The parser answers alone, so its table holds only what cannot mean anything else. Here a model has
already said what it takes a question for; a hint is the fact in the question that bears it out.
"""

import re
from typing import Literal

from central_config.assistant.model.planning.outside import OUTWARD

Hint = Literal[
    "explain",
    "compare",
    "changes",
    "unread",
    "unchanged",
    "removed",
    "set",
    "deprecated",
    "archived",
    "draft",
    "secret",
    "own",
    "inherited",
    "missing",
    "last",
    "by_last",
    "count",
    "value",
    "on",
    "off",
    "outside",
    "past",
    "same",
    "still",
    "wish",
]

# What reads configuration, besides people.
_READERS = (
    r"(?:(?:single )?(?:\w+ )?(?:applications?|apps?|services?|programs?|systems?|clients?"
    "|process(?:es)?|consumers?|instances?|components?|tools?|jobs?|workloads?|software|code))"
)
_NOBODY = (
    r"(?:nobody|no[ -]?one|none of us|not a soul|not anyone|never|any ?more"
    rf"|\bno {_READERS})\b.{{0,40}}"
)
_READING = (
    r"(?:read|us(?:e|es|ed|ing)\b|look|need|ask|fetch|consum|request|load|quer(?:y|ie)|retriev"
    r"|pick(?:s|ed|ing)? .{0,12}\bup\b|pull|rel(?:y|ies))"
)
_TOUCHED = (
    r"(?:chang|touch|edit|modif|updat|fiddl|tinker|twiddl|tweak|mess(?:ed|ing|es)?"
    r" (?:about |around )?with|meddl|alter|adjust|laid hands|lay hands|amend|revis)"
)
# `which are on in europe`, not `which are on debug`.
_ENDS = r"(?= (?:in|for|at|right|now|and|or|but|everywhere|here|today|only|,|\.)(?: |$)|$)"
# `idle timeout`, `abandoned basket`: what is so must be configuration.
_FORLORN = "(?:dead|stale|idle|abandoned|forgotten|orphan(?:ed|s)?)"
_CONFIGURATION = (
    "(?:keys?|settings?|configs?|configurations?|entries|values?|flags?|toggles?|features?|secrets?"
    "|passwords?|stuff|things?|ones|options|parameters|properties|knobs|items)"
)
_PATTERNS: dict[Hint, str] = {
    "explain": (
        r"\bwhy\b|how come|come about|comes? from|coming from|came from|gets? .{1,60} from"
        r"|takes? .{1,60} from|story behind|reason|what makes|end(?:s|ed)? up (?:as|being|with|at)"
        r"|\bwhere\b.{1,60}\b(?:gets?|got|picks?|picked|takes?|took|inherits?)\b"
        r"|\bbec[oa]me (?:what|how|so|this|that)\b"
        r"|explain|account for|originat|stems? from|inherits? .{1,60} from|derives?|derived"
    ),
    "compare": (
        r"\bdiffer|\bsame\b|match|stray|diverg|drift|disagree|unlike|\bapart\b|in step|in sync"
        r"|out of (?:sync|step|line)|deviat|\bvs\b|versus|contrast|\bgaps?\b|line up|\balike\b"
        r"|\bnext to\b|\bbeside\b|\balongside\b|\bagainst\b|\bas opposed to\b|\bthan in\b"
        r"|\bhow (?:far|close|near)\b.* (?:from|to)\b|ahead of|lags? behind"
        r"|\bbut not\b|compar|side by side|discrepan|identical|agree|depart|parity|consistent"
    ),
    "changes": (
        rf"{_TOUCHED}|happen|going on|up to\b|histor|fault|blame|\bwho\b|recent|lately|activity"
        r"|what(?: i|')s new|\bnews\b|\bdid\b|work(?:ed|ing)? on|publish|commit|roll(?:ed)? out"
        r"|shipp?ed|culprit|timeline|log of|\bdone\b|responsible"
    ),
    "unread": (
        rf"{_NOBODY}(?:{_READING}|care|want)|\bnothing (?:\w+ ){{0,2}}{_READING}"
        rf"|unused|unread|left ?overs?|\bdust\b|obsolete|cruft|zombie|relics?\b|clutter|useless"
        rf"|no longer (?:used|read|needed)|no use"
        rf"|\b{_FORLORN}(?= (?:{_CONFIGURATION}|in|on|,|\.)|$)"
        r"|dead ?wood|ballast|safe(?:ly)? (?:to )?(?:delete|remove|drop|go)|superfluous"
    ),
    "unchanged": (
        rf"{_NOBODY}{_TOUCHED}|un(?:touch|chang|modif)|(?:has|have|was|were|did|is|are)"
        rf"(?: not|n't) (?:been |being )?(?:\w+ )?(?:{_TOUCHED}|rotat|renew)"
        r"|stood still|frozen|as (?:it|they) (?:was|were)|(?:left|let) (?:alone|as is|in peace)"
        r"|(?:stayed|remained|kept) (?:the same|as)\b"
    ),
    "removed": (
        r"remov|deleted|deletion|dropped|kick(?:ed)? out|vanish|disappear|got rid|got lost"
        r"|\bgone\b(?! (?:in|into|to|through|live|out|up|down|on|with|from|over|since)\b)|got lost"
        r"|(?:take|took|taken)\b.{0,30}\b(?:out|away)|wiped|purg|eras|thr(?:ew|own) (?:out|away)"
        r"|\blost\b|unset|axed|killed|scrapped|no longer there"
        r"|\bdid .{1,40}\b(?:drop|delete|lose|kill|scrap|cut|erase|purge|wipe)\b"
    ),
    "set": r"\b(?:set|add|added|introduc\w*|put in|creat\w*|brought in|new)\b",
    "deprecated": (
        r"deprecat|way out|phas(?:ed|ing) out|sunset|outdated|end of life|discourag|obsolete"
        r"|going away|past (?:its|their)|retir(?:e|es|ing|ed|ement)\b"
    ),
    "archived": r"archiv|mothball|shelved|put away",
    "draft": (
        r"draft|unfinished|not (?:yet )?(?:been )?(?:live|published)|unpublished|in the works"
        r"|half[ -]done|in the pipeline|yet to (?:be|go)\b|waiting to (?:be published|go live)"
    ),
    "secret": (
        r"secret|sensitive|confidential|credential|masked|encrypt|hush|classified|hidden|protected"
    ),
    "own": (
        r"overrid|overrul|\b(?:no|not|nothing|without|none) (?:\w+ )?inherit|(?:its|their|our) own"
        r"|\bitself\b|locally|specific(?:ally)? to|customi[sz]"
        r"|\bspecial\b|going its|of its own|deviat|peculiar"
    ),
    "inherited": (
        r"inherit|\bt(?:akes?|ook|aken) (?:\w+ )?over\b|(?:passed|handed) (?:down|on)"
        r"|falls? (?:back|through)|from (?:its|the) parent"
    ),
    "missing": (
        r"missing|absent|lack|\bonly\b|but not|does not (?:have|know)|do not (?:have|know)|without"
        r"|\b(?:does|do|has|have|is|are) not$|has no\b"
        r"|not (?:on|in|exist|there|present|defined)|exclusively"
    ),
    "last": r"\blast(?: \w+)? to\b|(?:who|when)\b.{0,40}\blast\b|most recently|latest to\b",
    # Whose change was the last.
    "by_last": (
        r"\b(?:was|is|were) (?:\S+ ){0,3}the (?:last|latest|most recent) (?:\S+ ){0,2}(?:to|who"
        r"|that)\b"
        rf"|\b(?:last|latest|most recently) (?:{_TOUCHED}\w*) by\b"
        rf"|\bthe last (?:hand|change|edit|word) (?:\S+ ){{0,3}}(?:was|is|comes?|came) (?:by"
        r"|from)\b"
    ),
    "count": (
        r"(?:how many|how much|number of|count)\b.{0,25}?\b(?:keys?|settings?|secrets?|changes?"
        r"|values?|times|entries|config\w*|options|knobs|parameters|things|of them|are there|edits"
        r"|passwords?|credentials|tokens|differences|modifications?|updates?|adjustments?|tweaks?"
        r"|removals?|deletions?|overrides?|flags?|toggles?|features?|places|environments?)\b"
        # `how many passwords until the account is locked` is a setting.
        r"(?! (?:until|before|per|may|can|must|should|will|an?|is|does|at most)\b)"
        rf"|how often (?:was|were|has|have|did|do) .*(?:{_TOUCHED}|rotat)"
    ),
    "same": r"\b(?:same|identical|equal|alike|match(?:es)?|agree)\b(?<!\bnot the same)",
    # Whether somebody needs it at all.
    "still": (
        r"\b(?:does|do|is|are|has) (?:any(?:body|one|thing| \w+)|some(?:body|one|thing))"
        r"(?: else)? (?:still |even |actually |ever )+(?:read|us(?:e|es|ing)\b|look|need|fetch|ask)"
        r"|\bstill (?:being )?(?:used|read|needed|in use|looked at)\b"
        rf"|\b(?:any|some)(?:body|one|thing| {_READERS}) (?:is |are )?(?:still|even|actually|ever)"
        r" (?:read|us|need|fetch|ask|look|consum)ing\b"
        rf"|\b(?:does|do) (?:any(?:body|one|thing)|any {_READERS}) (?:\w+ ){{1,3}}(?:read|use|need"
        r"|fetch|request|consume|look at|ask for)\b"
    ),
    # Not as it is but as it was, though no word of a change is said.
    "past": (
        r"so far|over time|over the (?:months|years|weeks)|used to (?:be|have)|previously|formerly"
        r"|in the past\b(?! \w+ (?:days?|weeks?|months?))"
        r"|have we (?:ever )?(?:tried|had|gone through)"
        r"|before that|evol|\bdeveloped\b|\bin (?:what|which) steps\b|\bgr(?:ew|own)\b"
        r"|\b(?:did|has|have) .{1,60}\b(?:grow|grown|rise|risen|climb|climbed|shrink|shrunk)\b"
        r"|\bwh(?:at|ich) (?:was|were) .{1,60} before$|\balways been\b|\bhow long (?:has"
        r"|have) .* been\b"
        r"|\bdid we get (?:from|to|here)\b|\bsince when\b|\bwent (?:up|down|from)\b"
    ),
    "value": (
        r"point|\bus(?:e|es|ed|ing)\b|\bset to\b|value|refer|mention|contain|talk(?:s|ing)? to"
        r"|equals?|still\b|goes? to|anywhere|hold"
    ),
    "on": (
        r"(?<!not )(?:switch|turn)(?:ed|es|s)? on\b|(?<!not )(?<!not yet )\b(?:enabled?|active)\b"
        rf"|\b(?:is|are|being|currently) (?:\w+l\w{{1,2}}y )?on{_ENDS}"
        # One thing that is live is a version, several are switches.
        rf"|\bare (?:\w+ly )?live{_ENDS}"
    ),
    # It is no question at all: how somebody would have it.
    "wish": (
        r"\b(?:want|need|like|love|prefer|rather have|rather see|wish)\b(?! to \w+).{1,60}"
        r"(?<! is)(?<! are)(?<! was)(?<! were) (?:gone|dead|away|back|on|off|higher|lower|bigger"
        r"|smaller|longer|shorter|faster|slower|doubled|halved"
        r"|to (?:be|have|use|point|go|say|read) \S+)$"
        r"|\bwould be (?:nice|good|great|better|best|cool|lovely|helpful|wise) (?:if|to)\b"
        r"|^(?!.*\b(?:what|which|who|where|why|when|how)\b)(?!(?:should|must|does|do|is|are)\b)"
        r".+\b(?:should|ought to|must|has to|have to|needs? to|had better)\b"
        r"|\brather (?:see|have)\b.*\b(?:at|to|as|on|off)\b|\bfrom now on\b|\bi wish\b|\bgo ahead\b"
        r"|\bon my behalf\b"
    ),
    # What monitoring knows, or nobody here: it counts only if no key is called so.
    "outside": OUTWARD,
    "off": (
        r"\bnot (?:yet )?(?:(?:switch|turn)(?:ed)? on|on|enabled|active|live)\b"
        r"|(?:switch|turn)(?:ed|es|s)? off\b|\bdisabled?\b|\binactive\b"
        rf"|\b(?:is|are|being|currently) (?:\w+ly )?off{_ENDS}"
    ),
}
_COMPILED: dict[Hint, re.Pattern[str]] = {
    hint: re.compile(pattern, re.IGNORECASE) for hint, pattern in _PATTERNS.items()
}


def hints(text: str) -> dict[Hint, frozenset[str]]:
    """Return what a question (its tokens between single spaces) supports, and its words that do."""
    found: dict[Hint, frozenset[str]] = {}
    for hint, pattern in _COMPILED.items():
        words = [word for match in pattern.finditer(text) for word in _whole(text, match)]
        if words:
            found[hint] = frozenset(words)
    return found


def _whole(text: str, match: re.Match[str]) -> list[str]:
    """Return the tokens that a match touches, whole: `twiddl` is `twiddled`."""
    start = text.rfind(" ", 0, match.start() + 1) + 1
    end = text.find(" ", match.end() - 1)
    return text[start : len(text) if end < 0 else end].split()
