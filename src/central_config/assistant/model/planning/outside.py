"""What no configuration tells: the business, the machines, the code, people, and common knowledge.

`foreign` is beyond doubt, whatever keys are called. `outward` counts where no key is called so:
`latency` is what monitoring knows, unless somebody configures one.
"""

import re

from central_config.assistant.model.language.vocabulary import Vocabulary

_PEOPLE = (
    r"(?:customers?|shoppers?|visitors?|buyers?|people|americans|europeans|germans|brits|management"
    r"|marketing|sales|support|competitors?|everybody|everyone|colleagues|folks|they)"
)
_RUNS = r"(?:builds?|pipelines?|tests?|deploy(?:ment)?s?|jobs?|releases?|migrations?|backups?)"
_PERSONAL = (
    r"(?:(?:phone|telephone|mobile|extension|room|desk) ?numbers?|birthday|salary|opinions?|mood"
    r"|holidays?|vacation|on call|think(?:s|ing)? (?:about|of)|feels?|e-?mail address)"
)

# What the business deals with: counted and told of by what became of it, not by how it is set.
_DEALINGS = (
    r"(?:customers|shoppers|visitors|buyers|guests|members|subscribers|clients|patients|students"
    r"|passengers|orders|payments|refunds|returns|invoices|parcels|packages|shipments|deliveries"
    r"|bookings|reservations|claims|tickets|complaints|reviews|products|articles|suppliers"
    r"|campaigns|newsletters|logins|sign-?ups|registrations|requests|calls|emails|messages"
    r"|transactions|downloads|visits|clicks)"
)
# What became of something, unlike what it is set to: `failed`, `were cancelled`, `have bought`.
_BECAME = (
    r"(?:(?:have|has|had|were|was|got|did)(?: not)?(?: been)? )?(?!(?:allowed|used|needed|based"
    r"|limited|enabled|disabled|configured|defined|changed|supported|accepted|offered|required"
    r"|retried|kept|stored|logged|shared|embedded|speed|feed|need|added|removed|modified|edited"
    r"|updated|switched|turned|introduced|touched|raised|lowered)\b)(?:[a-z]{2,}ed|bought|sold|came"
    r"|went|sent|left|paid|spent|lost|won|made|got lost|took|bounced)\b"
)
# Who stands how to somebody.
_RELATED = (
    r"(?:manager|boss|supervisor|team ?lead(?:er)?|lead|successor|predecessor|deputy|assistant"
    r"|colleagues?|contact|account manager|mentor|wife|husband|replacement|stand-?in|ceo|cto|owner)"
)
_AWAY = r"on (?:call|duty|standby|leave|holidays?|vacation|shift)"

# What customers see is what configuration makes of it: `why do americans see the old one`.
_SERVED = (
    "(?:see|get|have|wait|need|use|limited|locked|logged|allowed|blocked|restricted|charged|able"
    "|redirected|shown|asked|no longer|still|not)\\b"
)

# What was sold, who the customers are and why they do what they do.
_BUSINESS = (
    r"\bdid we (?:get(?! (?:from|to|here)\b)|sell|earn|make|lose|ship|spend|win)\b",
    r"\bhow much (?:money (?:did|do|have|has|does|is|was|are|were)|revenue|profit|turnover)\b",
    (
        rf"\bhow many (?:\w+ )?(?:servers|machines|{_PEOPLE}|visits"
        r"|orders (?:did|were|have|came))\b(?!.*\b(?:allowed|may|can)\b)"
    ),
    (
        r"^(?:(?:and|so) )?(?:which|what|how many)(?: of)?(?: our"
        rf"| the)?(?: \S+){{0,3}} {_DEALINGS} {_BECAME}"
    ),
    # What is there for now: no setting runs out of stock.
    (
        r"\bhow (?:many|much)\b.*\b(?:is|are|was|were|do we have|have we got)(?: still)? (?:left"
        r"|in stock|on hand|on stock|sold out|outstanding|on order|online|still open|unresolved"
        r"|logged in|signed (?:up|in)"
        r"|waiting|queued|stuck|overdue)\b"
    ),
    # What others take for it; what we take of customers is a setting.
    (
        r"\b(?:charg|bill|cost|invoic)(?:e|es|ed|ing|s)?(?: \S+)? us(?: (?:for|per|an?|each|every"
        r"|in)\b|$)"
    ),
    (
        r"\b(?:how much|what) (?:do|does|did|will|must|are|is) (?:we|our company) (?:pay|spend|owe"
        r"|earn|mak)\w*"
    ),
    (
        r"\b(?:contract|agreement|licen[cs]e|subscription|lease|warranty"
        r"|insurance)\b.{0,30}\b(?:run out|runs out|end|ends|expire|expires|renew\w*|sign\w*|worth"
        r"|due)\b"
    ),
    (
        r"\bhow (?:well |badly )?(?:did|does|is|was|were) .{1,40}\b(?:perform\w*|sell\w*|doing"
        r"|convert\w*|received)$"
    ),
    (
        rf"^(?:what|which)(?: \S+){{0,2}} (?:did|do|have) (?:our |the )?{_PEOPLE}"
        r" (?:complain|buy|like"
        r"|love|hate|prefer|order|click|ask for|dislike|return most)\b"
    ),
    (
        r"^(?:did|has|have) (?:the |our |that )?(?:\S+ ){0,3}(?:campaigns?|newsletter"
        r"|promotion|ads?|launch) (?:\S+ )?(?:bring|brought|work|help|pay|paid|boost|sell|sold"
        r"|attract)"
    ),
    # One of them, by its number.
    (
        r"\b(?:orders?|invoices?|tickets?|parcels?|customers?|cases?|bookings?) (?:number |no |id "
        r"|nr )?#?\d{4,}\b"
    ),
    r"^where (?:is|are) (?:my|our|the) (?:order|parcel|package|shipment|delivery|refund|money)s?\b",
    rf"^why (?:do|did|are|were|have|does|has) (?:\w+ ){{0,2}}{_PEOPLE}\b(?! {_SERVED})",
    (
        rf"^(?:are|do|did|have|were) (?:our |the |most |some )?{_PEOPLE}\b.* (?:like|love|hate"
        r"|prefer|happ(?:y|ier)|satisfied|complain\w*|buy|bought|click\w*|return\w*|unhappy"
        r"|angry)\b"
    ),
)
# How what runs is doing, and what became of a run of it.
_OPERATIONS = (
    (
        r"^(?:is|are|was|were) (?!there|any).{1,40}\b(?:healthy|down|slow|alive|reachable|broken"
        r"|offline|overloaded|crashing|responding)\b(?! to\b)"
    ),
    r"^(?:is|are) .{1,40}\b(?:up|running|working)(?: right now| now| today| again| fine| ok)?$",
    r"^how (?:busy|loaded|healthy|happy|popular|reliable|stable)\b",
    (
        r"\bhow (?:fast|slow|slowly|quickly|often) (?:did|was|were) .*\b(?:answer|respond|fail|run"
        r"|load|crash|take|time out)"
    ),
    (
        rf"^(?:did|has|have|is|was|were|are) .{{0,40}}\b{_RUNS}(?: \S+){{0,3}} (?:pass|fail|succeed"
        r"|finish|work|green|red|break|broken|ok|done|through)"
    ),
    r"\bnext .{0,30}\b(?:release|deploy\w*|meeting|sprint|outage|maintenance|standup)\b",
    r"\bwhen .{1,40}\b(?:planned|due|scheduled to)\b|\broadmap\b",
    # What ran, and stopped; `why do logins fail after 5 tries` asks for a setting.
    (
        r"^(?:and |so )?why (?:did|has|have) .{1,60}\b(?:restart\w*|crash\w*|fail(?:ed)?|die[ds]?"
        r"|hang|hung|freeze|froze"
        r"|go down|gone down|break|broken|stall\w*|leak\w*|explode\w*)\b(?! ?over)"
    ),
    r"\b(?:keeps?|kept) (?:on )?(?:restart|crash|fail|dy|hang|freez|break|stall|going down)\w*",
    (
        r"\bwhen (?:did|was) .{1,60}\b(?:restart(?:ed)?|crash(?:ed)?|go down|went down"
        r"|log(?:ged)? in|sign(?:ed)? in"
        r"|finish(?:ed)?|arrive[ds]?|deploy(?:ed)?|back up|backed up)\b"
    ),
    (
        r"\b(?:average|median|mean|peak|p\d\d|percentile)\b.*\b(?:yesterday|today|last|right now"
        r"|at the moment|this (?:week|month|morning))\b"
    ),
    (
        r"\b(?:right now|at the moment|currently)\b.*\b(?:how (?:full|hot|long is the queue)"
        r"|hit (?:rate|ratio)|backlog|lag(?:ging)?)\b"
    ),
    r"\bhow (?:full|hot) (?:is|are)\b|\bin (?:the|our|your) (?:source )?code\b|\blines? of code\b",
    r"\b(?:has|have|having) (?:\w+ )?(?:problems|issues|troubles?|difficulties|hiccups)\b",
    (
        r"\b(?:pods?|nodes?|containers?|servers?|machines?)\b.* (?:restarted|crashed|failed|died"
        r"|evicted|rebooted|drained|killed)\b"
    ),
    r"\bwritten in\b",
    # What is to come.
    (
        r"\b(?:do|are|did) (?:we|they|you) (?:plan|planning|going|intend|intending) to\b"
        r"|\bplans? (?:to|for) (?!the|our|my)\w+ing\b"
    ),
    r"^when will (?:we|they|you)\b|^(?:will|are) (?:we|they) (?:launch|open|migrat|hir)\w*",
    r"^(?:which|what) (?:commit|pull request|merge request|branch)\b",
)
# Who is who, what is what, and what somebody should do.
_KNOWLEDGE = (
    r"^who (?:is|are|was) the (?!last|first|one|person|culprit|latest)",
    (
        r"^who (?:owns|maintains|runs|knows|leads|built|wrote|won|bought|invented|founded"
        r"|complained|works (?:at|for|in|on)|reports to|hired)\b"
    ),
    rf"^who (?:is|are|was) (?:\S+ ){{1,3}}{_RELATED}\b|\bwho(?:ever|m)?\b.{{0,20}} {_AWAY}\b",
    (
        r"^who(?:m)? (?:do|can|should|must|could) (?:i|we) (?:ask|contact|talk|call|write|turn"
        r"|speak|reach)\b"
    ),
    (
        r"^what (?:did|has|have) (?:\S+ ){1,5}(?:charged?|think|promised?|quoted?|complain(?:ed)?"
        r"|recommend(?:ed)?|order(?:ed)?|buy|bought|earn(?:ed)?)\b"
    ),
    (
        rf"^what (?:did|has|have) (?:the |our )?(?:{_PEOPLE}|legal|security|vendor|provider"
        r"|team) sa(?:y|id)\b"
    ),
    # Whether it is wise: a fact is asked for here, not a view.
    (
        r"^(?:should|shall) (?:we|i|it|this|that|the)\b|\b(?:do|would|can|could) you (?:think"
        r"|recommend|suggest|advise|believe)\b"
    ),
    (
        r"\b(?:is|was|be) it (?:be )?(?:wise|sensible|an? (?:good|bad) idea|worth|risky|dangerous"
        r"|legal|smart|reasonable)\b"
    ),
    (
        r"\b(?:best practices?|rule of thumb|industry standard|your (?:opinion|view|advice"
        r"|recommendation))\b"
    ),
    (
        r"^why did (?:we|you|they|management|the (?:team|company|board)) (?:ever )?(?:decide"
        r"|choose|opt|settle|go (?:with|for)|buy)\b"
    ),
    # How the world goes, told to anybody.
    (
        r"^(?!.*\b(?:config\w*|set|settings?|values?|keys?)\b).*\b(?:in general|generally speaking"
        r"|in principle|in theory|under the hood|step by step)$|^how (?:does|do) \S+ works? in\b"
    ),
    (
        r"^(?:(?:please|can you|could you|would you) )*(?:translate|calculate|convert|recommend"
        r"|suggest|predict|estimate|guess|spell)\b"
    ),
    r"^how (?:do|can|should) (?:i|we) (?:get|request|obtain|become|apply|ask)\b",
    r"^(?:write|tell|sing|draw|compose) (?:me )?an?\b",
    r"\bhow (?:does )?an? \S+ (?:differs?|works?|compares?)\b|\bdifference between an? ",
    r"^what (?:would happen|happens) (?:if|when)\b|^what if\b",
    r"^what (?:is|are) an? \S+(?: \S+)?$|^what does \S+ (?:stand for|mean)$",
    r"\b(?:a )?better (?:choice|option|idea|fit|alternative)\b|\bpros and cons\b",
)
_FOREIGN = re.compile("|".join((*_BUSINESS, *_OPERATIONS, *_KNOWLEDGE)), re.IGNORECASE)
_ABOUT_PEOPLE = re.compile(rf"\b{_PERSONAL}\b", re.IGNORECASE)

OUTWARD = (
    r"\b(?:cpu|disks?|ram|latency|throughput|uptime|downtime|traffic|outage|load average"
    r"|servers?|machines?|deployments?|errors?|exceptions?|crash\w*"
    r"|weather|jokes?|poem|recipes?|football|match|lunch|holiday|meeting|stock|news|president"
    r"|capital|translate|salary|birthday|movie|song|cost|bill|invoice|ticket|jira|slack"
    r"|branch|pull request|commit message|unit tests?|source code|healthy|unhealthy|broken|slow"
    r"|repositor(?:y|ies)|codebase|merge request|bugs?"
    r"|stdout|stderr|stack ?traces?|dashboards?|wiki|handbook|runbooks?|office"
    r"|contracts?|agreements?|negotiat\w*|budgets?|agency|agencies|vendors?|suppliers?|lawyers?"
    r"|incidents?|post-?mortems?|utili[sz]ation|conversion|bounce rate|backlog"
    r"|documentation|docs|tutorials?|guidelines?|implement(?:s|ed|ation)|programming|framework"
    r"|java|python|golang|typescript|javascript|kotlin|php"
    r"|employees?|interns?|hired|headcount|training|roadmap|strategy|competitors?"
    r"|owns?|owners?|maintain\w*|in charge|minister|revenue|orders|customers did|sales)\b"
)

_SENTENCE = re.compile(r"(?<=[.?!])\s+")
_ASKING = re.compile(
    r"\?\s*$|^(?:and |so |but |hey,? |now,? )?(?:what|which|who|whose|where|why|when|how|is|are"
    r"|does|do|did|has|have|can|show|list|give|tell|find)\b",
    re.IGNORECASE,
)


# `For the audit I need` says what for, not what.
_PURPOSE = re.compile(
    r"^\s*for (?:the|my|our|an?|this) \S+(?: \S+)?,? "
    r"(?=(?:i|we)(?:'d| would)? (?:need|want|like)\b)"
    r"|^\s*for (?:the|my|our|an?|this) \S+(?: \S+)?:\s+",
    re.IGNORECASE,
)


# What somebody is going to do with the answer is not asked for: `so that I can delete them`.
_SO_THAT = re.compile(
    r",? so (?:that )?(?:i|we) (?:can|could|may|might|know)\b[^.?!;]*", re.IGNORECASE
)


def without_purpose(question: str) -> str:
    """Return a question without what its answer is for."""
    return _SO_THAT.sub("", _PURPOSE.sub("", question))


# `The disks keep filling up` tells why it is asked; `I only care about europe` goes on asking.
_AFTERTHOUGHT = re.compile(
    r"(?:(?:my|our|the|something|someone|somebody|it|there|because|asking)\b"
    r"|we (?!are\b|need|want|only|mean|just|would)|i (?:remember|thought|heard|guess|saw|got"
    r"|have|had)\b)",
    re.IGNORECASE,
)


def without_afterthought(question: str, vocabulary: Vocabulary) -> str:
    """Return a question without the statement behind it that says why it is asked."""
    sentences = _SENTENCE.split(question.strip())
    if len(sentences) < 2 or not _ASKING.search(sentences[-2]):  # noqa: PLR2004 - and one behind it
        return question
    last = sentences[-1].strip()
    words = re.findall(r"[\w-]+", last.lower())
    placed = any(
        vocabulary.names.environment(word) or vocabulary.names.group(word) for word in words
    )
    told = _AFTERTHOUGHT.match(last) and not placed and not last.endswith("?")
    return " ".join(sentences[:-1]) if told else question


def asked(question: str) -> str:
    """Return the sentences that ask, if some do, without `The disks there are filling up`."""
    sentences = _SENTENCE.split(question.strip())
    asking = [one for one in sentences if _ASKING.search(one)]
    return " ".join(asking) if asking else question


def foreign(text: str) -> bool:
    """Return whether a question (its tokens between single spaces) is about something else."""
    return _FOREIGN.search(text) is not None


# What a machine is given, or is told to speak to, is configuration: `how much ram does it get`.
_GRANTED = re.compile(
    r"\bhow (?:much|many) (?:ram|cpus?|disks?|memory)\b.* (?:get|gets|have|allowed|given|granted"
    r"|request|reserve|use at most)\b"
    r"|\b(?:which|what) (?:\S+ ){0,2}(?:servers?|machines?)\b.* (?:talk|connect|point|speak"
    r"|send|write|listen)s? to\b",
    re.IGNORECASE,
)


def granted(text: str) -> bool:
    """Return whether words of machines speak of what they are told rather than how they are."""
    return _GRANTED.search(text) is not None


def personal(text: str) -> bool:
    """Return whether it is about what somebody is or thinks, if it names somebody."""
    return _ABOUT_PEOPLE.search(text) is not None
