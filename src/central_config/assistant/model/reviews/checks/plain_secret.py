"""A secret in plain text: every reader of the environment sees it, and history keeps it."""

from collections.abc import Iterator

from central_config.assistant.model.reviews.checks.making import found
from central_config.assistant.model.reviews.checks.placeholder import placeheld
from central_config.assistant.model.reviews.findings import Finding
from central_config.assistant.model.reviews.leaves import Leaf
from central_config.assistant.model.reviews.secrecy import secret_kind

_ADVICE = (
    "Write it as a secret (`secret: true`); as it was seen in plain text, replace it where it "
    "was issued."
)


def plain_secret(leaf: Leaf) -> Iterator[Finding]:
    """Find a text that is a secret, in a key that is none. It is not quoted."""
    text = leaf.text
    if text is None:
        return
    kind = secret_kind(leaf.name, text)
    if kind is None or placeheld(text):
        return
    said = f"the value looks like {kind}, {len(text)} characters long, and the key is no secret"
    yield found(leaf, "plain-secret", "critical" if leaf.production else "high", said, _ADVICE)
