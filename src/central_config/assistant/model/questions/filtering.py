"""Cues that say of what: secrets, a status, a path, how many, in which order, and where."""

from central_config.assistant.model.questions.grammar import Rows, Said

STATES: Rows = (
    (
        (
            "secrets|((is|are) )?(a )?(secret|<sensitive>)"
            "( (keys?|configurations?|configs?|settings?|values?|entries|ones))?"
        ),
        {"secret": True},
    ),
    (
        (
            "(<that>((is|are) )?not (a )?|non[ -])(secrets?|<sensitive>)"
            "( (keys|configurations|configs|settings|values|entries))?"
        ),
        {"secret": False},
    ),
    (
        (
            "(<that>((is|are|was|were|been) )*((marked|flagged|set|tagged) )?(as |to )?|"
            "(in |with |whose )?status (is |of )?)(?P<it>deprecated|archived|active|draft)"
            "( (status|state))?"
        ),
        {"status": Said.TEXT},
    ),
    ("(the )?drafts", {"status": "draft"}),
    (
        "(the |its |their )?(overrides?|overridden|overriding|overrode)( (by|in|of|for))?",
        {"own": True},
    ),
    (
        (
            "((set|defined|changed|configured|itself|only) )?"
            "(itself|explicitly|directly|locally|own)"
            "( (set|sets|defined|defines|configured|overridden|overrides|in|on|by|for))*"
        ),
        {"own": True},
    ),
    (
        (
            "<that>((is|are) )?not (overridden|set (there |here )?"
            "(itself|explicitly|directly|locally))( in| by)?"
        ),
        {"own": False},
    ),
    (
        (
            "<that>((is|are|does|do) )?not inherit(ed)?|"
            "(no|nothing|none|without|not the|rather than|instead of) (the |any )?"
            "inherited( ones?)?"
        ),
        {"own": True},
    ),
    (
        (
            "((just|only|merely|simply) )?inherit(s|ed|ing)?"
            "( (from (its|the|a|their) parents?|from above|by|in))*|"
            "from (its|the) parent( environment)?"
        ),
        {"own": False},
    ),
    ("by", {"by": True}),
    ("((is|are) )?((switched|turned) )?(on|off|enabled|disabled)", {"state": True}),
    ("(configured|defined?|specified|declared?|defines|declares)( (at|as))?", {"defined": True}),
    ("(uses?|used|stored|using|makes?|allows?|supports?|needs?|performs?)", {"uses": True}),
    ("and|or|,|;|as well as|also|plus", {"join": Said.TEXT}),
)
COUNTING: Rows = (
    (
        (
            "how many(?! times)|(the )?(number|count) of|(a |the )?total (number |count )?of|"
            r"count(?= (the|all|how|of|every|<many>|\S+ <many>|secrets|changes)\b)|"
            "how often|how many times"
        ),
        {"count": True},
    ),
    (
        (
            "(the )?(first|top|at most|up to|max|maximum|only|limit(ed)? (to )?) ?<n>"
            # `up to 60 days` is how long, not how many are asked for.
            "( <noun>| rows| results| of|"
            "(?! (seconds?|minutes?|hours?|days?|weeks?|months?|years?|times|percent|ms|mb|gb|kb|"
            "euros?|dollars?|cents|letters|characters|digits|attempts|items|people|users)))"
        ),
        {"limit": Said.NUMBER},
    ),
    (r"(?P<it>\d+) (<many>|rows|results)", {"limit": Said.NUMBER}),
    (
        r"(?P<it>\d+)(?= (<changes>|secrets?|overrides|deprecated|unused|<latest>)( |\Z))",
        {"limit": Said.NUMBER},
    ),
    (
        "(the )?(newest|latest|most recent(ly changed)?) <n>( <noun>)?",
        {"newest": True, "limit": Said.NUMBER, "last": True},
    ),
)
PLACES: Rows = (
    (
        (
            "((in|for|on) )?(which|what) (of the )?(<environments>|environment|env)"
            "( (is|are|has|have|do|does))?"
        ),
        {"which_environment": True},
    ),
    (
        (
            "((in|across|for|over|on|from|throughout) )?(all|any|every|each|all of|the different)"
            "( of)?( the| our| my)? (<environments>|environment|env)|"
            "((in|from) )?(anywhere|everywhere)|"
            "across (the )?(<environments>|board)"
        ),
        {"everywhere": True},
    ),
    ("(in |on )?(here|this environment|the current environment)", {"here": True}),
    ("(in )?(the )?(<environments>|environment|env)", {"environment_noun": True}),
    ("where( abouts)?", {"where": True}),
)
_NAMED = (
    "(keys?|configurations?|configs?|settings?|entries|parameters|options|properties|variables|"
    "items)"
)
KEYS: Rows = (
    (
        (
            "(<noun> )?((that|which|whose (names?|keys?)) )?(starts?|starting|begins?|beginning|"
            "prefixed|(with|having) (the |a )?(key )?prefix)"
            "( (with|by|from|of))?( the prefix)? <it>"
        ),
        {"beginning": Said.TEXT},
    ),
    (
        (
            "((everything|anything|all|keys|settings|configurations|stuff) )?"
            "((that is|that are|defined|that live|living|located) )?"
            "(below|under|underneath|beneath|inside of)( the)?"
            "( (path|prefix|namespace|section|group|folder|tree|node))?"
        ),
        {"below": True},
    ),
    (
        "(in|of|from)( the)? (section|namespace|group|prefix|path|subtree|tree|folder)( of)?",
        {"below": True},
    ),
    ("(section|namespace|subtree|folder|prefix|group|tree)", {"below": True}),
    (
        (
            f"{_NAMED}( (that|which))?( (contain|contains|containing|include|including|mention|"
            "mentioning|match|matching|like|hold|holding|have|having|with))( the)?"
            "( (word|text|term|string|name))? <it>( in (the |its |their )?(keys?|names?|paths?))?"
            "(?! in (the |its |their )?values?)"
        ),
        {"text": Said.TEXT},
    ),
    (
        (
            "((whose|where the|with( a)?) )?(keys?|names?)( (that|which))? "
            "(contains?|containing|includes?|including|mentions?|has|matches|like)( the)?"
            "( (word|text|term|string))? <it>( in it)?"
        ),
        {"text": Said.TEXT},
    ),
    ("(that |which )?(end|ends|ending) (with|in|on) <it>", {"ending": Said.TEXT}),
    ("(named|called) (like )?<it>", {"text": Said.TEXT}),
    ("((all|every|the|all the|all of the|any) )?<many>( (of|for|in|from))?", {"many": True}),
    ("everything( (about|for|in|related to|to do with))?", {"many": True}),
    ("related to|relating to|all about|to do with", {"many": True}),
)
POLITE: Rows = (
    ("(hi|hello|hey|thanks|thank you)( there| all| team)?( [.,])?", {"noise": True}),
    (
        "(can|could|would|will) (you|i|we|someone|anyone|anybody)( (please|kindly))?",
        {"noise": True},
    ),
    (
        r"(set|configured|equal) (to|at|as)(?= (in|on|for|at|by|across|everywhere)\b|\Z)",
        {"noise": True},
    ),
    ("how (long|big|large|high|low) (is|are)", {"noise": True}),
    ("how (is|are)", {"noise": True}),
    ("how (does|do|did|has|have)", {"how": True}),
    (
        "(but|and|that|which) (does |do )?(exists?|is|are|is present|are present|set)(?= in)",
        {"noise": True},
    ),
    ("(do|did) (we|you|they|people|i) (keep|hold|have|own|store|maintain|run)", {"noise": True}),
    (r"(just|only) (those|these|the)(?=( \S+){0,3} (<many>|secrets)( |\Z))", {"noise": True}),
    ("new(?= <many>| secrets)", {"noise": True}),
)
FILTERING: Rows = (*STATES, *COUNTING, *PLACES, *KEYS, *POLITE)
