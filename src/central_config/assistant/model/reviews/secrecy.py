"""Whether a text is a secret: by its form (detect-secrets), by its name, by how random it is.

The detectors are used for what they recognize in a text. Nothing is ever verified with whoever
issued it: that would send the secret away.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from central_config.assistant.model.language.words import words

# Entropy (bits a character) above which detect-secrets takes a text for a secret.
_BASE64_LIMIT, _HEX_LIMIT = 4.5, 3.0
# Short tokens hardly reach that limit (20 different characters make 4.3): these are taken from
# here on, if they also change between digits, capitals and small letters as chance does.
_SHORT_LIMIT, _SHORT = 3.6, 72
_CHANGES = 0.35
_HEX_FROM = 32
# Longer texts are documents; looking through them costs more than it finds.
_LONGEST = 20_000

_SENSITIVE = frozenset(
    {"password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "credential"}
    | {"credentials", "pass"}
)
_SENSITIVE_KEYS = frozenset(
    {"api", "access", "private", "secret", "auth", "encryption", "signing", "account", "master"}
    | {"fernet", "service", "license", "shared", "ssh"}
)
# What a name ends with that is about a secret rather than one.
_ABOUT = frozenset(
    {"file", "path", "name", "env", "ttl", "length", "url", "uri", "policy", "header", "field"}
    | {"id", "type", "expiry", "expiration", "expires", "lifetime", "timeout", "enabled", "hash"}
    | {"algorithm", "rotation", "provider", "backend", "store", "ref", "prompt", "method"}
    | {"format", "min", "max", "size", "count", "age", "days", "regex", "pattern", "dir", "cmd"}
    | {"command", "script", "endpoint", "host", "port", "user", "username", "prefix", "suffix"}
    | {"class", "mode", "limit", "required", "cache", "manager", "interval", "scope", "role"}
    | {"description", "label", "message", "title", "key_name", "engine", "driver", "group"}
)
# Names of things that look random and are meant to be seen.
_PUBLIC = frozenset(
    {"sha", "sha1", "sha256", "sha512", "md5", "hash", "digest", "checksum", "integrity", "commit"}
    | {"revision", "fingerprint", "uuid", "guid", "image", "version", "etag", "public", "pubkey"}
    | {"certificate", "cert", "ca"}
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DIGEST = re.compile(r"\b(?:sha\d+|md5)[:-][A-Za-z0-9+/=]+", re.IGNORECASE)
_TOKEN = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{20,}={0,2}(?![A-Za-z0-9+/_=-])")
_HEX = re.compile(r"[0-9a-fA-F]+")
# A text that is filled in, looked up elsewhere, or says where the secret is.
_INDIRECT = re.compile(
    r"\$\{|\{\{|\{%|%\(|^\$\w+$|^<[^>]*>$|^(?:vault|op|env|file|secret|ref|sops|awssm)[:+]"
    r"|^arn:|^ENC\[|^!vault|^\{\w+\}$",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(r"^(?:[~.]{0,2}/|[A-Za-z]:\\|[a-z][a-z0-9+.-]*://[^@]*$)")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_NOTHING = frozenset(
    {"none", "null", "nil", "true", "false", "yes", "no", "on", "off", "disabled", "enabled"}
    | {"default", "auto", "undefined", "optional", "required", "basic", "bearer", "plain"}
)
_SHORTEST_PASSWORD = 4
_PLUGINS = (
    ("artifactory", "ArtifactoryDetector", "an Artifactory credential"),
    ("aws", "AWSKeyDetector", "an AWS access key"),
    ("azure_storage_key", "AzureStorageKeyDetector", "an Azure storage key"),
    ("discord", "DiscordBotTokenDetector", "a Discord bot token"),
    ("github_token", "GitHubTokenDetector", "a GitHub token"),
    ("gitlab_token", "GitLabTokenDetector", "a GitLab token"),
    ("jwt", "JwtTokenDetector", "a JSON Web Token"),
    ("mailchimp", "MailchimpDetector", "a Mailchimp key"),
    ("npm", "NpmDetector", "an npm token"),
    ("openai", "OpenAIDetector", "an OpenAI key"),
    ("private_key", "PrivateKeyDetector", "a private key"),
    ("pypi_token", "PypiTokenDetector", "a PyPI token"),
    ("sendgrid", "SendGridDetector", "a SendGrid key"),
    ("slack", "SlackDetector", "a Slack token"),
    ("square_oauth", "SquareOAuthDetector", "a Square secret"),
    ("stripe", "StripeDetector", "a Stripe key"),
    ("telegram_token", "TelegramBotTokenDetector", "a Telegram bot token"),
    ("twilio", "TwilioKeyDetector", "a Twilio key"),
)


class _Detectors:
    """The plug-ins of detect-secrets; imported at the first need, which takes 0.4 s."""

    def __init__(self) -> None:
        from importlib import import_module  # noqa: PLC0415 - with what it imports

        def plugin(module: str, name: str, *arguments: float) -> Any:  # noqa: ANN401 - no types
            return getattr(import_module(f"detect_secrets.plugins.{module}"), name)(*arguments)

        self._by_form: Sequence[tuple[Any, str]] = [
            (plugin(module, name), said) for module, name, said in _PLUGINS
        ]
        self._basic = plugin("basic_auth", "BasicAuthDetector")
        entropy = "high_entropy_strings"
        self._base64 = plugin(entropy, "Base64HighEntropyString", _BASE64_LIMIT)
        self._hex = plugin(entropy, "HexHighEntropyString", _HEX_LIMIT)

    def form(self, text: str) -> str | None:
        """Return what a text is by its form."""
        for plugin, said in self._by_form:
            if any(True for _ in plugin.analyze_string(text)):
                return said
        for password in self._basic.analyze_string(text):
            if not _INDIRECT.search(password) and not password.startswith("$"):
                return "an address with a password"
        return None

    def random(self, token: str) -> bool:
        """Tell whether a token looks drawn by chance."""
        if _HEX.fullmatch(token):
            return len(token) >= _HEX_FROM and self._bits(self._hex, token) > _HEX_LIMIT
        bits = self._bits(self._base64, token)
        limit = _SHORT_LIMIT if len(token) < _SHORT else _BASE64_LIMIT
        return bits > limit and _changes(token) >= _CHANGES * len(token)

    def _bits(self, plugin: Any, token: str) -> float:  # noqa: ANN401 - no types
        return float(plugin.calculate_shannon_entropy(token))


@lru_cache(maxsize=1)
def detectors() -> _Detectors:
    """Return the detectors. Call it once where its import may take its time."""
    return _Detectors()


def looks_secret(name: str, value: object) -> bool:
    """Tell whether a value of that name must not be shown to whoever may not see secrets."""
    return secret_kind(name, value) is not None


@lru_cache(maxsize=4096)
def _kind(name: str, text: str) -> str | None:
    form = detectors().form(text)
    if form is not None:
        return form
    if _INDIRECT.search(text):
        return None
    if sensitive(name) and _plausible(text):
        return "the value of what is called a secret"
    return "a text that looks drawn by chance" if _has_random(name, text) else None


def secret_kind(name: str, value: object) -> str | None:
    """Return what kind of secret a value of that name is, in words; None when it is none."""
    if not isinstance(value, str) or not value or len(value) > _LONGEST:
        return None
    return _kind(name, value)


def sensitive(name: str) -> bool:
    """Tell whether what is called so is a secret."""
    found = words(name)
    if not found or found[-1] in _ABOUT:
        return False
    if _SENSITIVE & set(found):
        return True
    return any(
        second in {"key", "keys"} and first in _SENSITIVE_KEYS for first, second in pairwise(found)
    )


def _plausible(text: str) -> bool:
    """Tell whether a text may be the secret itself rather than say where it is."""
    bare = text.strip()
    if len(bare) < _SHORTEST_PASSWORD or bare.lower() in _NOTHING:
        return False
    return not (_ELSEWHERE.match(bare) or _DOTTED.fullmatch(bare) or " " in bare)


def _has_random(name: str, text: str) -> bool:
    if _PUBLIC & set(words(name)) or _ELSEWHERE.match(text):
        return False
    bare = _DIGEST.sub(" ", text)
    return any(
        not _UUID.fullmatch(token) and detectors().random(token) for token in _TOKEN.findall(bare)
    )


def _changes(token: str) -> int:
    """Count how often a token changes between digits, capitals and small letters."""
    kinds = [(each.isdigit(), each.isupper()) for each in token if each.isalnum()]
    return sum(one != other for one, other in pairwise(kinds))
