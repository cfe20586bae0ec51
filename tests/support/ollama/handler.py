"""Ollama's HTTP: its paths, its lines of JSON, and the ways in which they break."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.ollama.brains import Canned, Chat, Model, Spoken
from tests.support.ollama.state import Fault, Json, Ollama, full

VERSION = "0.24.0"
# What Ollama itself takes where a request says nothing (tokens; seconds).
DEFAULT_CONTEXT = 4096
DEFAULT_KEEP_ALIVE = 300.0

# What the model says, whatever is behind it.
_WORDS = {
    Fault.PROSE: "Certainly! The environment is called prod, and here is why.",
    Fault.OTHER_SCHEMA: '{"nonsense": [true]}',
    Fault.ENDLESS: '{"a": "' + "and so on " * 30,
}
_UNITS: dict[str, float] = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class HttpServer(ThreadingHTTPServer):
    """Answers each connection in a thread, and does not wait for those that hang."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: those who ask hang up in the middle, on purpose."""


class RefusedError(Exception):
    """A request is answered with an error."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    ollama: Ollama

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's word
        """Say nothing."""

    def do_GET(self) -> None:
        self._run({})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._run(json.loads(self.rfile.read(length) or b"{}"))

    def _run(self, body: Json) -> None:
        if self.path == "/fault":
            self.ollama.fault = Fault(body["fault"])
            self._answer(200, {"fault": self.ollama.fault})
            return
        self.ollama.asked.append((self.path, body))
        answer = self._ways().get(self.path)
        try:
            if self._is_broken():
                return
            if answer is None:
                self._answer(404, {"error": "404 page not found"})
            else:
                answer(body)
        except RefusedError as refused:
            self._answer(refused.status, {"error": str(refused)})
        except OSError:  # whoever asked has gone
            self.ollama.abandoned += 1
            self.close_connection = True

    def _ways(self) -> Mapping[str, Callable[[Json], None]]:
        return {
            "/": lambda _: self._send(200, b"Ollama is running", "text/plain"),
            "/api/version": lambda _: self._answer(200, {"version": VERSION}),
            "/api/tags": self._tags,
            "/api/ps": self._ps,
            "/api/show": self._show,
            "/api/pull": self._pull,
            "/api/chat": self._chat,
            "/api/generate": self._generate,
        }

    def _is_broken(self) -> bool:
        """Answer as something broken does; return whether that was all."""
        fault = self.ollama.fault
        if self.ollama.moved_to:
            self._send(307, b"", "text/plain", Location=self.ollama.moved_to + self.path)
        elif fault is Fault.HANG:
            self.ollama.hang()
            self.close_connection = True
        elif fault is Fault.DOWN:
            self._answer(500, {"error": "llama runner process has terminated: exit status 2"})
        elif fault is Fault.PAGE:
            self._send(200, b"<html><body>Sign in</body></html>", "text/html")
        elif fault is Fault.BUSY and self.path in {"/api/chat", "/api/generate"}:
            said = "server busy, please try again.  maximum pending requests exceeded"
            self._answer(503, {"error": said})
        else:
            return False
        return True

    def _tags(self, body: Json) -> None:
        del body
        models = self.ollama.models.values()
        listed = [{**_described(each), "modified_at": _now()} for each in models]
        self._answer(200, {"models": listed})

    def _ps(self, body: Json) -> None:
        del body
        loaded = [each for each in self.ollama.models.values() if each.is_loaded]
        self._answer(200, {"models": [{**_described(each), **_held(each)} for each in loaded]})

    def _model(self, body: Json) -> Model:
        name = str(body.get("model") or body.get("name") or "")
        if not name:
            raise RefusedError(400, "model is required")
        found = self.ollama.models.get(full(name))
        if found is None:
            raise RefusedError(404, f"model '{name}' not found")
        return found

    def _show(self, body: Json) -> None:
        said = {"license": "", "modelfile": "", "parameters": "", "template": ""}
        more = {"capabilities": ["completion"], "model_info": {}, "modified_at": _now()}
        details = _described(self._model(body))["details"]
        self._answer(200, {**said, **more, "details": details})

    def _pull(self, body: Json) -> None:
        name = full(str(body.get("model") or body.get("name") or ""))
        brain = self.ollama.on_disk.get(name)
        if brain is None and name not in self.ollama.models:
            raise RefusedError(500, "pull model manifest: file does not exist")
        if brain is not None:
            self.ollama.models[name] = Model(name, brain)
        if body.get("stream", True):
            self.stream({"status": text} for text in ("pulling manifest", "success"))
        else:
            self._answer(200, {"status": "success"})

    def _chat(self, body: Json) -> None:
        chat = Chat(body.get("messages") or [], body.get("format"), body.get("options") or {})
        self._converse(body, chat, lambda text: {"message": {"role": "assistant", "content": text}})

    def _generate(self, body: Json) -> None:
        given = (("system", body.get("system")), ("user", body.get("prompt")))
        messages = [{"role": role, "content": text} for role, text in given if text]
        chat = Chat(messages, body.get("format"), body.get("options") or {})
        self._converse(body, chat, lambda text: {"response": text})

    def _converse(self, body: Json, chat: Chat, form: Callable[[str], Json]) -> None:
        model = self._model(body)
        keep = _seconds(body.get("keep_alive"))
        began = time.monotonic()
        with model.turn:
            conversation = Conversation(self, model, form, began=began)
            if not chat.messages and keep == 0:
                model.keep(0)
                self._answer(200, conversation.last("unload"))
                return
            model.be_ready(int(chat.options.get("num_ctx") or DEFAULT_CONTEXT))
            try:
                if not chat.messages:
                    self._answer(200, conversation.last("load"))
                elif body.get("stream", True):
                    conversation.stream(chat)
                else:
                    self._answer(200, conversation.whole(chat))
            finally:
                model.keep(keep)

    def begin(self) -> None:
        """Begin lines of JSON."""
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def piece(self, data: bytes) -> None:
        """Send a part of an answer; nothing ends it."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def stream(self, lines: Iterable[Json]) -> None:
        """Answer with lines of JSON."""
        self.begin()
        for line in lines:
            self.piece(json.dumps(line).encode() + b"\n")
        self.piece(b"")

    def _answer(self, status: int, body: Json) -> None:
        self._send(status, json.dumps(body).encode(), "application/json; charset=utf-8")

    def _send(self, status: int, data: bytes, media_type: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Conversation:
    """One answer of a model, whole or line by line, in the form of `chat` or of `generate`."""

    def __init__(
        self, handler: Handler, model: Model, form: Callable[[str], Json], *, began: float
    ) -> None:
        self._handler = handler
        self._model = model
        self._form = form
        self._began = began
        self._fault = handler.ollama.fault

    def whole(self, chat: Chat) -> Json:
        """Return the answer in one piece."""
        pieces: list[str] = []
        end = self._speak(chat, lambda text: bool(pieces.append(text)))
        return {**self.last(end.reason, end), **self._form("".join(pieces))}

    def stream(self, chat: Chat) -> None:
        """Send the answer as it comes, or what is left of it where something is broken."""
        begun, gone = False, list[bool]()

        def say(text: str) -> bool:
            nonlocal begun
            if not begun:
                self._handler.begin()
            begun = True
            line = {"model": self._model.name, "created_at": _now(), **self._form(text)}
            try:
                self._handler.piece(json.dumps({**line, "done": False}).encode() + b"\n")
            except OSError:
                gone.append(True)
                return True
            return self._breaks()

        end = self._speak(chat, say)
        if gone:
            raise ConnectionAbortedError
        if self._breaks():
            self._break()
        elif not begun:
            self._handler.stream([self.last(end.reason, end)])
        else:
            self._handler.piece(json.dumps(self.last(end.reason, end)).encode() + b"\n")
            self._handler.piece(b"")

    def last(self, reason: str, end: Spoken | None = None) -> Json:
        """Return the last line, with what the answer cost (times in nanoseconds)."""
        line = {"model": self._model.name, "created_at": _now(), **self._form("")}
        line |= {"done": True, "done_reason": reason}
        if end is not None:
            total = int((time.monotonic() - self._began) * 1e9)
            line |= {"total_duration": total, "prompt_eval_count": end.prompt_tokens}
            line |= {"eval_count": end.tokens}
        return line

    def _speak(self, chat: Chat, say: Callable[[str], bool]) -> Spoken:
        words = _WORDS.get(self._fault)
        brain = self._model.brain if words is None else Canned(words)
        try:
            end = brain.speak(chat, say)
        except ValueError as error:  # no such schema, or more words than the context holds
            raise RefusedError(400, str(error)) from error
        if self._fault is Fault.ENDLESS:
            end.reason = "length"
        return end

    def _breaks(self) -> bool:
        return self._fault in {
            Fault.HANG_MIDWAY,
            Fault.TRUNCATED,
            Fault.CUT,
            Fault.ERROR_MIDWAY,
            Fault.GARBLED,
        }

    def _break(self) -> None:
        handler = self._handler
        if self._fault is Fault.HANG_MIDWAY:
            handler.ollama.hang()
        elif self._fault is Fault.ERROR_MIDWAY:
            handler.piece(b'{"error":"an error was encountered while running the model"}\n')
            handler.piece(b"")
        elif self._fault is Fault.GARBLED:
            handler.piece(b'{"model":"m","message":{"role":\n')
            handler.piece(b"")
        elif self._fault is Fault.CUT:
            handler.piece(b'{"model":"m","mess')
        else:
            handler.piece(b"")
        handler.close_connection = True


def _described(model: Model) -> Json:
    details = {
        "parent_model": "",
        "format": "gguf",
        "family": "qwen2",
        "families": ["qwen2"],
        "parameter_size": "1.5B",
        "quantization_level": "Q4_K_M",
    }
    brain, name = model.brain, model.name
    said = {"name": name, "model": name, "size": brain.size, "digest": brain.digest}
    return {**said, "details": details}


def _held(model: Model) -> Json:
    left = timedelta(seconds=max(0.0, model.expires - time.time()))
    ends = (datetime.now(UTC) + left).isoformat()
    return {"expires_at": ends, "size_vram": 0, "context_length": model.context}


def _seconds(keep_alive: object) -> float:
    """Read `keep_alive`: a number of seconds, or a text such as `5m`."""
    if keep_alive is None:
        return DEFAULT_KEEP_ALIVE
    if isinstance(keep_alive, int | float):
        return float(keep_alive)
    text = str(keep_alive)
    for unit, factor in _UNITS.items():
        number = text.removesuffix(unit)
        if number != text and number.lstrip("-").isdigit():
            return float(number) * factor
    return float(text)


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
