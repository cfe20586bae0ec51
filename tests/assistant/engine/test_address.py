"""The engine's address: an HTTP server, without a password, which would go into logs."""

import pytest
from pydantic import ValidationError

from central_config.core.settings import Settings


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:11434", "https://ollama.example.org/behind/", "http://[::1]:11434"]
)
def test_an_address(url: str) -> None:
    assert Settings(ollama_base_url=url).ollama_base_url == url


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://user:hunter2@ollama:11434", "holds a user or a password"),
        ("http://hunter2@ollama:11434", "holds a user or a password"),
        ("ollama:11434", "no address such as http://127.0.0.1:11434"),
        ("ftp://ollama", "no address such as"),
        ("http://", "no address such as"),
        ("", "no address such as"),
        ("http://[::1", "Invalid IPv6"),
    ],
)
def test_what_is_none(url: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said) as raised:
        Settings(ollama_base_url=url)
    assert "hunter2" not in str(raised.value)
