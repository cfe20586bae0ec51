"""Parts of the world as slugs name them, and as people do."""

# What people call the parts of the world that slugs name (`prod-us`, `eu-staging`), and whoever
# lives there: each line one of them, the first as slugs have it.
_REGIONS = tuple(
    tuple(line.strip().split("|"))
    for line in """
        us|usa|america|american|americans|united states|states|stateside
        eu|europe|european|europeans|european union|continent
        uk|gb|britain|british|united kingdom|england
        de|germany|german|germans
        fr|france|french
        es|spain|spanish
        it|italy|italian|italians
        nl|netherlands|dutch|holland
        at|austria|austrian|austrians
        ch|switzerland|swiss
        pl|poland|polish
        se|sweden|swedish
        no|norway|norwegian|norwegians
        dk|denmark|danish
        ca|canada|canadian|canadians
        mx|mexico|mexican|mexicans
        br|brazil|brazilian|brazilians
        au|australia|australian|australians
        jp|japan|japanese
        cn|china|chinese
        in|india|indian|indians
        sg|singapore
        apac|asia|asian|asia pacific
        emea
        latam|latin america|south america
        na|north america|north american
        mea|middle east
        africa|african
    """.strip().split("\n")
)
# English words besides: such a part counts by the other names, or where only a place can stand.
ENGLISH_REGIONS = frozenset(
    ("us", "it", "at", "no", "in", "de", "es", "se", "na", "states", "polish")
)


def region(said: str) -> tuple[str, ...] | None:
    """Return everything that a part of the world is called; None if it is none."""
    return next((names for names in _REGIONS if said in names), None)
