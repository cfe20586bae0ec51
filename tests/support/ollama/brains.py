"""What is behind a model's name: canned words, or llama.cpp."""

import gc
import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass
class Chat:
    """What a model is asked, in the words of the wire; `schema` is its `format`."""

    messages: list[dict[str, Any]]
    schema: dict[str, Any] | str | None
    options: dict[str, Any]


@dataclass
class Spoken:
    """How an answer ended, and how many tokens it took."""

    reason: str = "stop"
    prompt_tokens: int = 0
    tokens: int = 0


class Brain(Protocol):
    """What answers."""

    size: int
    digest: str

    def load(self, context: int) -> None:
        """Be ready for chats of so many tokens."""

    def unload(self) -> None:
        """Give the memory back."""

    def speak(self, chat: Chat, say: Callable[[str], bool]) -> Spoken:
        """Answer piece by piece; `say` returns whether nobody listens any longer."""
        ...


class Canned:
    """Says what it was given: a text, or what a function makes of the chat.

    Args:
        reply: the text, or the function.
        pause: how long it thinks before (seconds).
    """

    size = 1

    def __init__(self, reply: str | Callable[[Chat], str], *, pause: float = 0.0) -> None:
        self.reply = reply
        self.pause = pause
        self.digest = hashlib.sha256(str(reply).encode()).hexdigest()

    def load(self, context: int) -> None:
        pass

    def unload(self) -> None:
        pass

    def speak(self, chat: Chat, say: Callable[[str], bool]) -> Spoken:
        text = self.reply if isinstance(self.reply, str) else self.reply(chat)
        time.sleep(self.pause)
        for start in range(0, len(text), 8):
            if say(text[start : start + 8]):
                break
        return Spoken(tokens=len(text) // 4)


def least(chat: Chat) -> str:
    """Answer with the least that satisfies the schema asked for: a reply for `Canned`."""
    return json.dumps(_least(chat.schema if isinstance(chat.schema, dict) else {}))


def _least(schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _least(schema["anyOf"][0])
    if schema.get("type") == "object":
        wanted = schema.get("required", [])
        return {name: _least(schema["properties"][name]) for name in wanted}
    if schema.get("type") == "array":
        return [_least(schema.get("items", {}))] * schema.get("minItems", 0)
    return {"integer": schema.get("minimum", 0), "boolean": False}.get(schema.get("type"), "x")


class Gguf:
    """A real model, run by llama.cpp in this process on so many processors."""

    def __init__(self, path: Path, threads: int = 2) -> None:
        self.path = path
        self.threads = threads
        self.size = path.stat().st_size
        with path.open("rb") as file:
            self.digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._server: Any = None

    def load(self, context: int) -> None:
        import xllamacpp

        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(self.path)
        parameters.n_ctx = context
        parameters.n_parallel = 1
        parameters.cpuparams.n_threads = self.threads
        parameters.cpuparams_batch.n_threads = self.threads
        self._server = xllamacpp.Server(parameters)

    def unload(self) -> None:
        self._server = None
        gc.collect()

    def speak(self, chat: Chat, say: Callable[[str], bool]) -> Spoken:
        end = Spoken()
        failed: list[str] = []

        def heard(part: dict[str, Any]) -> bool:
            if "choices" not in part:
                failed.append(str(part.get("message") or part))
                return True
            (choice, *_) = part["choices"] or [{}]
            end.reason = choice.get("finish_reason") or end.reason
            timings = part.get("timings") or {}
            end.prompt_tokens = timings.get("prompt_n", 0) + timings.get("cache_n", 0)
            end.tokens = timings.get("predicted_n", end.tokens)
            return say((choice.get("delta") or {}).get("content") or "")

        self._server.handle_chat_completions(_as_openai(chat), heard)
        if failed:
            raise ValueError(failed[0])
        return end


def _as_openai(chat: Chat) -> dict[str, Any]:
    """Put a chat in the words of llama.cpp's own server."""
    options = chat.options
    body: dict[str, Any] = {"messages": chat.messages, "stream": True, "cache_prompt": True}
    body["max_tokens"] = options.get("num_predict", -1)
    body |= {name: options[name] for name in ("temperature", "seed", "stop") if name in options}
    if isinstance(chat.schema, dict):
        form = {"type": "json_schema", "json_schema": {"schema": chat.schema}}
        body["response_format"] = form
    elif chat.schema:
        body["response_format"] = {"type": "json_object"}
    return body


@dataclass
class Model:
    """A model of the server: what is behind it, for which context and until when it is loaded."""

    name: str
    brain: Brain
    context: int = 0
    expires: float = 0.0
    turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_loaded(self) -> bool:
        """Whether it answers without being loaded first."""
        return self.context > 0 and time.time() < self.expires

    def be_ready(self, context: int) -> float:
        """Load it, or load it anew for another context, as Ollama does; return the seconds."""
        began = time.monotonic()
        if not self.is_loaded or context != self.context:
            self.brain.unload()
            self.brain.load(context)
            self.context = context
        return time.monotonic() - began

    def keep(self, seconds: float) -> None:
        """Keep it in memory for so long; 0 unloads it, a negative number is for ever."""
        self.expires = time.time() + (seconds if seconds >= 0 else 1e9)
        if seconds == 0:
            self.brain.unload()
            self.context = 0
