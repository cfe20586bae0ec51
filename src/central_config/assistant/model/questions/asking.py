"""Cues that say what is asked: changes, a comparison, an explanation, what nobody needs."""

from central_config.assistant.model.questions.grammar import Rows, Said

CHANGES: Rows = (
    ("who|whom|(which|what) (users?|person|people|colleagues?)", {"who": True}),
    ("(what )?and (when|by whom)", {"when": True}),
    ("when|at what time|what time|on (what|which) (date|day)", {"when": True}),
    ("was|were", {"was": True}),
    ("<has>*(ever |recently |lately |just )?<has>?<changed>", {"intent": "changes"}),
    (
        "<has>?(anyone|anybody|someone|somebody)( ever| recently)? ?<has>?<changed>",
        {"intent": "changes"},
    ),
    (
        "(recent |latest |past |previous |newest |all )?<changes>( (made|done|published))?<of>",
        {"intent": "changes"},
    ),
    (
        (
            "(made|make|do|done|published|publish|pushed|push|committed|commit) "
            "((any|some|the|a|all|these|those|recent) )*(<changes>|<change>)( to| in)?"
        ),
        {"intent": "changes"},
    ),
    (
        "(make|made|making|publish(ed)?|push(ed)?|apply|applied|commit(ted)?|done|happened|occurred)",
        {"made": True},
    ),
    (
        (
            "(the )?((change|edit|version|revision|full|complete|whole) )*"
            "(history|log(?! in)|changelog|audit trail|activity|timeline)( of| for)?|"
            "(the |all )?(the )?(versions|revisions) of"
        ),
        {"intent": "changes"},
    ),
    (
        (
            "what( has| is| was)? (happened|been happening|going on|new)( to| with| in)?|"
            "<has>?(anything|something) happen(ed)?( (to|with|in))?"
        ),
        {"intent": "changes"},
    ),
    (
        (
            r"(did|do|doing|done|been up to|been doing|work(ed)? on)"
            r"(?= (today|yesterday|last|this|in|on|since|between|over|recently)\b|\Z)"
        ),
        {"intent": "changes", "by": True},
    ),
    ("<has>*(removed?|deleted?|dropped|unset)( from)?", {"intent": "changes", "action": "remove"}),
    ("(the )?(removals?|deletions?)( of| from)?", {"intent": "changes", "action": "remove"}),
    (
        "<has>*(newly |freshly )?(added?|created?|introduced?)( to)?",
        {"intent": "changes", "action": "set"},
    ),
    (r"<has>*sets?(?! to\b)( up)?", {"set": True}),
    (
        "(recently|lately|over time|so far|of late|up to now|until now|ever)",
        {"recent": True},
    ),
)
IN_ORDER: Rows = (
    ("(the )?<latest> <change>( made)?<of>", {"intent": "changes", "limit": 1}),
    ("(the )?(<latest>|past) <n> <changes><of>", {"intent": "changes", "limit": Said.NUMBER}),
    ("(the )?<n> <latest> <changes><of>", {"intent": "changes", "limit": Said.NUMBER}),
    (
        "(the )?(first|oldest|earliest) <change><of>",
        {"intent": "changes", "newest": False, "limit": 1},
    ),
    (
        "(the )?(first|oldest|earliest) <n> <changes><of>",
        {"intent": "changes", "newest": False, "limit": Said.NUMBER},
    ),
    ("(the )?<latest> <changes> first", {"intent": "changes", "newest": True}),
    ("(the )?(oldest|earliest|first) <changes>( first)?", {"intent": "changes", "newest": False}),
    ("<has>?(last|most recently|latest) <has>?<changed>", {"intent": "changes", "last": True}),
    (
        (
            "<changed> (it |this |that )?(last|most recently)"
            r"(?! (week|month|year|quarter|night|\S+day|\d))"
        ),
        {"intent": "changes", "last": True},
    ),
    ("the last (one|person|user) (to|who|that)", {"who": True, "last": True}),
    ("the (last|latest|most recent) time|last|most recently", {"last": True}),
    ("first(?= (set|added|created|introduced|<changed>))", {"newest": False, "limit": 1}),
    (
        "(the )?<n> (newest|latest|(most )?recent(ly changed)?|last changed)",
        {"newest": True, "limit": Said.NUMBER, "last": True},
    ),
    ("(the )?<n> (oldest|least recent(ly changed)?)", {"newest": False, "limit": Said.NUMBER}),
    (
        (
            "(the )?most recently changed|<latest> first|(sorted|ordered) by (<latest>|recency)|"
            "in reverse( chronological)? order"
        ),
        {"newest": True, "last": True},
    ),
    (
        (
            "(the )?least recently changed|oldest first|(sorted|ordered) by (oldest|age)|"
            "in chronological order|chronologically"
        ),
        {"newest": False, "last": True},
    ),
)
EXPLAINING: Rows = (
    ("why( is| are| does| do| has| have| did)?( the)?( value of)?", {"intent": "explain"}),
    ("(explain|trace)( me| to me)?( why| where| how| the)*", {"intent": "explain"}),
    ("(comes?|coming|came|originates?|derived?|taken) from", {"intent": "explain"}),
    (r"from\Z", {"intent": "explain"}),
    (
        (
            "(gets?|getting|takes?|obtains?|inherits?|inherited)( (its|the|this|that|their|it))?"
            "( value from|( value)? from|(?<=its) value|(?<=the) value)"
            "(?! (its|the parent))"
        ),
        {"intent": "explain"},
    ),
    ("(its|the|this|that) value from", {"noise": True}),
    ("what sets", {"intent": "explain"}),
    (
        "(the )?(origin|source|provenance)( of)?( the)?( value)?( of| for)?",
        {"intent": "explain"},
    ),
    ("(being )?(resolved?|resolves|computed|determined)( to)?", {"intent": "explain"}),
    (
        "(so|that|this) (high|low|big|small|large|long|short)|different(?= (here|in))",
        {"noise": True},
    ),
)
COMPARING: Rows = (
    (
        (
            "<that>((are|is) )?(differs?|differing|different|diverges?|deviates?|diff|compared?|"
            "comparison|drift(ed|s)?|mismatch(es|ed)?|out of sync|inconsistent)"
            "( (from|between|with|to|in|of|across|than|against))?( how)?"
        ),
        {"intent": "compare"},
    ),
    (
        (
            "(the )?(differences?|diffs?|discrepanc(y|ies)|mismatch(es)?|deviations?|delta)"
            "( (between|in|of|from|to))?"
        ),
        {"intent": "compare"},
    ),
    (
        (
            "(compared|in comparison|relative|as opposed) (to|with|against)|versus|vs|against|"
            "between|than( in| on| for)?"
        ),
        {"intent": "compare?"},
    ),
    (
        (
            "<that>((are|is|do|does) )?(unequal|not (the same|equal|identical|match(ing)?))"
            "( (in|between|across|as))?"
        ),
        {"intent": "compare"},
    ),
    (
        "(a )?different values?( (in|between|across|for|from))?",
        {"intent": "compare", "kinds": ("changed",)},
    ),
    ("(which|what) values (did|does|do|has|have)", {"kinds": ("changed",)}),
    (
        "values (that |which )?(are )?(differ|different)( (between|in|across))?",
        {"intent": "compare", "kinds": ("changed",)},
    ),
    (
        (
            "((exists?|present|defined|set|found) )?(only|exclusively|solely)"
            "( (exists?|present|defined|set|found|available))?( in| on)?"
            "|(unique|exclusive|specific|special) to"
        ),
        {"only": True},
    ),
    (
        (
            "((but|and|that|which|yet) )?((is|are) )?"
            "(missing|absent|lacking|not|not present|not set|not defined|not found|not available)"
            "( (from|in|on))"
        ),
        {"absent": True},
    ),
    ("(but|and|that|which|yet) not( (in|on|from))?", {"absent": True}),
    (
        # `the same for 100 days` is how long.
        (
            "(the )?same( (in|between|across|as|"
            r"for(?! (\d|an? |two|three|four|five|six|over|more|at))))?"
        ),
        {"intent": "compare", "same": True},
    ),
    (r"from(?= \S+ to \S+)", {"intent": "compare?"}),
    (
        "(does not have|do not have|lacks?|is missing|does not define|has not got|does not)",
        {"lacking": True},
    ),
    (
        r"(but|that|which)(?= \S+ (does not|do not|lacks?|is missing))",
        {"noise": True},
    ),
)
_FOR = "( (at least|more than|over|about|the last|the past|the previous|last|past|previous))*"
# `idle timeout`, `dead letters`: something else is so.
_NOT_MEASURED = (
    "(?! (time|timeouts?|connections?|ttl|intervals?|periods?|limits?|thresholds?|letters?|"
    "messages?|sessions?|cache|after|seconds|minutes|while))"
)
IDLE: Rows = (
    (
        "<that><nobody> (else )?(has |have |had |is |ever )*(been )?(actually )?<read>(ing)?",
        {"idle": "read"},
    ),
    (
        (
            "<that><has>*not ((been|being|anymore) )?<has>?(actually )?<read>"
            "( (by )?(anyone|anybody|any more|anymore|at all))*"
        ),
        {"idle": "read"},
    ),
    (
        (
            f"<that><has>?(unused|unread|(stale|idle|orphaned|dead){_NOT_MEASURED}|"
            "no longer <read>|not in use|without (any )?reads?)( anymore| any more)?"
        ),
        {"idle": "read"},
    ),
    ("<that><nobody> ((has|have|had|ever) )*<changed>", {"idle": "changed"}),
    ("<that><has>*not (been )?<has>?<changed>( by anyone| at all)?", {"idle": "changed"}),
    (
        "<that><has>*(unchanged|untouched|unmodified)|without (a |any )?changes?",
        {"idle": "changed"},
    ),
    (f"(in|for|over|within|during){_FOR} <lapse>", {"lapse": Said.LAPSE}),
)
ASKING: Rows = (*CHANGES, *IN_ORDER, *EXPLAINING, *COMPARING, *IDLE)
