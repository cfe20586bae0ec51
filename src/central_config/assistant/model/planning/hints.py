"""What people say in passing: loose words that support a meaning, where the parser wants certainty.

The parser answers alone, so its table holds only what cannot mean anything else. Here a model has
already said what it takes a question for; a hint is the fact in the question that bears it out.
"""

import re
from typing import Literal

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
    "count",
    "value",
    "on",
    "off",
    "outside",
    "foreign",
    "wish",
]

_NOBODY = r"(?:nobody|no[ -]?one|none of us|not a soul|not anyone|never|any ?more)\b.{0,40}"
_TOUCHED = (
    r"(?:chang|touch|edit|modif|updat|fiddl|tinker|twiddl|tweak|mess(?:ed|ing|es)?"
    r" (?:about |around )?with|meddl|alter|adjust|laid hands|lay hands|amend|revis)"
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
        r"|\bbut not\b|compar|side by side|discrepan|identical|agree|depart|parity|consistent"
    ),
    "changes": (
        rf"{_TOUCHED}|happen|going on|up to\b|histor|fault|blame|\bwho\b|recent|lately|activity"
        r"|what(?: i|')s new|\bnews\b|\bdid\b|work(?:ed|ing)? on|publish|commit|roll(?:ed)? out"
        r"|shipp?ed|culprit|timeline|log of|\bdone\b|responsible"
    ),
    "unread": (
        rf"{_NOBODY}(?:read|us(?:e|es|ed|ing)\b|look|need|ask|fetch|consum|care|want|rel(?:y|ies))"
        r"|unused|unread|\bdead\b|left ?overs?|\bdust\b|forgotten|abandon|obsolete|cruft|orphan"
        r"|\bstale\b|zombie|relics?\b|no longer (?:used|read|needed)|no use|clutter|useless|idle"
        r"|dead ?wood|ballast|safe(?:ly)? (?:to )?(?:delete|remove|drop|go)|superfluous"
    ),
    "unchanged": (
        rf"{_NOBODY}{_TOUCHED}|un(?:touch|chang|modif)|(?:has|have|was|were|did|is|are)"
        rf"(?: not|n't) (?:been |being )?(?:\w+ )?{_TOUCHED}|stood still|frozen|as it was"
    ),
    "removed": (
        r"remov|deleted|deletion|dropped|kick(?:ed)? out|vanish|disappear|\bgone\b|got rid|got lost"
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
    "draft": r"draft|unfinished|not (?:yet )?(?:live|published)|in the works|half[ -]done",
    "secret": (
        r"secret|sensitive|confidential|credential|masked|encrypt|hush|classified|hidden|protected"
    ),
    "own": (
        r"overrid|overrul|(?:its|their|our) own|\bitself\b|locally|specific(?:ally)? to|customi[sz]"
        r"|\bspecial\b|going its|of its own|deviat|peculiar"
    ),
    "inherited": (
        r"inherit|(?:passed|handed) (?:down|on)|falls? (?:back|through)|from (?:its|the) parent"
    ),
    "missing": (
        r"missing|absent|lack|\bonly\b|but not|does not (?:have|know)|do not (?:have|know)|without"
        r"|not (?:on|in|exist|there|present|defined)|exclusively"
    ),
    "last": r"\blast(?: \w+)? to\b|(?:who|when)\b.{0,40}\blast\b|most recently|latest to\b",
    "count": (
        r"(?:how many|how much|number of|count)\b.{0,25}?\b(?:keys?|settings?|secrets?|changes?"
        r"|values?|times|entries|config\w*|options|knobs|parameters|things|of them|are there|edits"
        r"|passwords?|credentials|tokens|differences)\b|how often"
    ),
    "value": (
        r"point|\bus(?:e|es|ed|ing)\b|\bset to\b|value|refer|mention|contain|talk(?:s|ing)? to"
        r"|equals?|still\b|goes? to|anywhere|hold"
    ),
    "on": r"(?:switch|turn)(?:ed|es|s)? on\b|\benabled?\b|\bactive\b",
    # It is no question at all: how somebody would have it.
    "wish": (
        r"\b(?:want|need|like|love|prefer|rather have|rather see|wish)\b(?! to \w+).{1,60}"
        r"(?<! is)(?<! are)(?<! was)(?<! were) (?:gone|dead|away|back|on|off|higher|lower|bigger"
        r"|smaller|longer|shorter|faster|slower|doubled|halved"
        r"|to (?:be|have|use|point|go|say|read) \S+)$"
        r"|\bwould be (?:nice|good|great|better|best|cool|lovely|helpful|wise) (?:if|to)\b"
        r"|^(?!.*\b(?:what|which|who|where|why|when|how)\b)(?!(?:should|must|does|do|is|are)\b)"
        r".+\b(?:should|ought to|must|has to|have to|needs? to|had better)\b"
        r"|\bfrom now on\b|\bi wish\b|\bgo ahead\b|\bon my behalf\b"
    ),
    # It is about the business or the machines, whatever keys are called.
    "foreign": (
        r"\bdid we (?:get|sell|earn|make|lose|ship|spend)\b|\bhow much (?:money|revenue)\b"
        r"|^(?:is|are) .{1,40}\b(?:healthy|up|down|running|slow|working|alive|reachable)"
        r"(?: right now| now| today)?$"
        r"|\bhow many (?:servers|machines|instances|pods|customers|visitors|people)\b"
        r"|^who (?:is|are|was) the (?!last|first|one|person|culprit|latest)"
        r"|^who (?:owns|maintains|runs)\b"
        r"|^how (?:do|can|should) (?:i|we) (?:get|request|obtain|become|apply|ask)\b"
        r"|^(?:write|tell|sing|draw|compose) (?:me )?an?\b"
    ),
    # What monitoring knows, or nobody here: it counts only if no key is called so.
    "outside": (
        r"\b(?:cpu|disks?|ram|latency|throughput|uptime|downtime|traffic|outage|load average|pods?"
        r"|containers?|servers?|machines?|instances?|nodes?|deployments?|errors?|exceptions?|crash\w*"
        r"|weather|jokes?|poem|recipes?|football|match|lunch|holiday|meeting|stock|news|president"
        r"|capital|translate|salary|birthday|movie|song|cost|bill|invoice|ticket|jira|slack"
        r"|branch|pull request|commit message|unit tests?|source code|healthy|unhealthy|broken|slow"
        r"|owns?|owners?|maintain\w*|in charge|minister|revenue|orders|customers did|sales)\b"
    ),
    "off": r"(?:switch|turn)(?:ed|es|s)? off\b|\bdisabled?\b|\binactive\b",
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
