"""Takes secrets out of texts: those that are known, and those that look like it.

Known ones (every secret setting) are found in any form: as they are, percent-encoded, escaped for
JSON, in hexadecimal, or inside base64 at any offset. The rest is known by its form: tokens of ours,
`Authorization`, passwords in addresses and after `password=`, private keys.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote_plus, urlsplit

MASK = "******"

# Shorter ones would take ordinary words out.
_SHORTEST = 4
_HIDDEN = (
    (re.compile(r"\bccs_[A-Za-z0-9_-]{6,}"), f"ccs_{MASK}"),
    (re.compile(r"\b(cc_[a-z0-9]{8})_[A-Za-z0-9_-]{6,}"), rf"\1_{MASK}"),
    (re.compile(r"(?i)\b(bearer|basic|digest|negotiate)\s+[A-Za-z0-9._~+/=-]{4,}"), rf"\1 {MASK}"),
    (re.compile(r"(?i)(authorization\\?[\"']?\s*[:=]\s*\\?[\"']?)[^\s\"',}\\]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)(x-api-key\\?[\"']?\s*[:=]\s*\\?[\"']?)[^\s\"',}\\]+"), rf"\1{MASK}"),
    (re.compile(r"(://[^/\s:@\"']*):[^@\s\"']+@"), rf"\1:{MASK}@"),
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
            re.DOTALL,
        ),
        MASK,
    ),
    (re.compile(r"AGE-SECRET-KEY-1[A-Z0-9]+"), MASK),
)
# `password=...`, `"api_key": "..."`, also inside a text that was escaped for JSON. Whether
# something is set may be told.
_NAMED = re.compile(
    r"(?i)([\w-]*(?:passw(?:or)?d|passphrase|secret|token|credential|api[_-]?key|master[_-]?key)"
    r"[\w-]*\\?[\"']?\s*[:=]\s*)(?!(?:null|true|false)\b)"
    r"(?:(\\?\")(?:[^\"\\]|\\[^\"])*(\\?\")|(')[^']*(')|[^\s&,;\"'}\]]+)"
)
_BASE64_WORD = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_PERCENT_WORD = re.compile(r"[^\s\"'<>]*%[0-9A-Fa-f]{2}[^\s\"'<>]*")
_SECRET_PARAMETERS = re.compile(
    r"(?i)((?:^|&)[^=&]*(?:password|passfile|secret|token)[^=&]*=)[^&]*"
)


class Redactor:
    """Masks a set of known secrets, and whatever has the form of one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._known = sorted({each for each in secrets if len(each) >= _SHORTEST}, key=len)[::-1]
        # As `_read` shows them: byte by byte.
        self._bytes = [each.encode().decode("latin-1") for each in self._known]
        forms = {form for each in self._known for form in _forms(each)}
        ordered = sorted(forms, key=len, reverse=True)
        # Metrics repeat the same words thousands of times.
        self._told: dict[str, bool] = {}
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def clean(self, text: str) -> str:
        """Return the text without secrets."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        text = _PERCENT_WORD.sub(self._percent, text)
        text = _BASE64_WORD.sub(self._base64, text)
        return _mask_forms(text)

    def holds_known(self, text: str) -> bool:
        """Tell whether a known secret is still there, in any form."""
        if self._pattern is not None and self._pattern.search(text):
            return True
        return any(self._holds(word) for each in _BASE64_WORD.findall(text) for word in _read(each))

    def _holds(self, text: str) -> bool:
        return any(each in text for each in (*self._known, *self._bytes))

    def _percent(self, found: re.Match[str]) -> str:
        decoded = unquote_plus(found.group())
        if self._holds(decoded) or _mask_forms(decoded) != decoded:
            return MASK
        return found.group()

    def _base64(self, found: re.Match[str]) -> str:
        word = found.group()
        if word not in self._told:
            self._told[word] = any(
                self._holds(decoded) or (_is_text(decoded) and _mask_forms(decoded) != decoded)
                for decoded in _read(word)
            )
        return MASK if self._told[word] else word


def _mask_forms(text: str) -> str:
    for pattern, replacement in _HIDDEN:
        text = pattern.sub(replacement, text)
    return _NAMED.sub(_keep_quotes, text)


def _keep_quotes(found: re.Match[str]) -> str:
    name, *quotes = (each or "" for each in found.groups())
    return f"{name}{quotes[0]}{quotes[2]}{MASK}{quotes[1]}{quotes[3]}"


def _is_text(decoded: str) -> bool:
    """Tell whether a decoded word may mean something: most words are no base64 at all."""
    printable = sum(" " <= each <= "~" for each in decoded)
    return printable >= len(decoded) * 0.8


def _forms(secret: str) -> Iterator[str]:
    """Yield the forms in which a secret may stand in a text."""
    data = secret.encode()
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield secret.replace("\\", "\\\\").replace('"', '\\"')
    yield data.hex()
    yield data.hex().upper()
    for encoder in (base64.b64encode, base64.urlsafe_b64encode):
        yield encoder(data).decode()
        yield encoder(data).decode().rstrip("=")


def _read(word: str) -> Iterator[str]:
    """Yield what a word may mean in base64, begun at each of the four offsets."""
    plain = word.rstrip("=").replace("-", "+").replace("_", "/")
    for offset in range(4):
        part = plain[offset:]
        # A single letter beyond whole groups means nothing.
        part = part[: len(part) - 1] if len(part) % 4 == 1 else part
        try:
            yield base64.b64decode(part + "=" * (-len(part) % 4)).decode("latin-1")
        except (ValueError, binascii.Error):
            continue


def mask_address(url: str) -> str:
    """Return an address without its password; user, host and database are of use."""
    parts = urlsplit(url)
    place = parts.netloc
    user, at, host = place.rpartition("@")
    if at:
        name, colon, _ = user.partition(":")
        place = f"{name}{f':{MASK}' if colon else ''}@{host}"
    query = _SECRET_PARAMETERS.sub(rf"\1{MASK}", parts.query)
    # Put together by hand: an empty place (`postgresql:///x`) keeps its slashes.
    return f"{parts.scheme}://{place}{parts.path}{f'?{query}' if query else ''}"


def passwords_of(url: str) -> Iterator[str]:
    """Yield the passwords an address holds, decoded and as they stand."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    if at and ":" in user:
        yield user.partition(":")[2]
        yield unquote_plus(user.partition(":")[2])
    for each in parts.query.split("&"):
        name, _, value = each.partition("=")
        if value and _SECRET_PARAMETERS.fullmatch(f"{name}={value}"):
            yield value
            yield unquote_plus(value)
