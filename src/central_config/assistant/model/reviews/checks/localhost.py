"""The reader's own machine as an address in production: it works where it was tried, only there."""

import re
from collections.abc import Iterator

from msgspec import UNSET

from central_config.assistant.model.language.words import words
from central_config.assistant.model.reviews.checks.making import found
from central_config.assistant.model.reviews.findings import Finding, Severity
from central_config.assistant.model.reviews.leaves import Leaf, MaybeJSON
from central_config.assistant.model.reviews.quoting import quoted
from central_config.assistant.model.reviews.templates import fixed_part

_LOCAL = re.compile(
    r"(?<![\w.-])(?:localhost(?:\.localdomain)?|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[?::1\]?"
    r"|host\.docker\.internal)(?![\w.-]*\w)",
    re.IGNORECASE,
)
# Where one listens, one's own machine is a choice, and a careful one; who is let in, too.
_OWN = frozenset(
    {"bind", "listen", "listener", "listening", "allow", "allowed", "trusted", "proxies"}
    | {"exclude", "excludes", "bypass", "ignore", "noproxy", "healthcheck", "interface", "binding"}
)
_LONGEST = 2000


def localhost(leaf: Leaf) -> Iterator[Finding]:
    """Find an address of the reader's own machine that a production value did not have before."""
    text = leaf.text
    if not leaf.production or text is None or len(text) > _LONGEST:
        return
    named = _LOCAL.search(fixed_part(text))
    if named is None or _had(leaf.before):
        return
    severity: Severity = "low" if _own(leaf) else "high"
    said = f"{quoted(leaf.name, text)} points at the reader's own machine ({named[0]})"
    if leaf.before is not UNSET:
        said += f"; before: {quoted(leaf.name, leaf.before)}"
    yield found(leaf, "localhost", severity, said, "Name the host that serves this environment.")


def _had(before: MaybeJSON) -> bool:
    return isinstance(before, str) and _LOCAL.search(before) is not None


def _own(leaf: Leaf) -> bool:
    """Tell whether the value says where to listen, or whom to let in or pass by."""
    place = f"{leaf.key}{leaf.pointer}"
    spoken = set(words(place))
    return bool(_OWN & spoken) or {"no", "proxy"} <= spoken
