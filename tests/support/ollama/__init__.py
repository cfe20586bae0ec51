"""A server that speaks Ollama's wire: with a real model behind it, with canned words, or faulty.

In a test, with canned words, in the test's own process (the standard library is all it needs):

    with serving({"tiny:1b": Canned('{"a": 1}')}) as ollama:
        ... ollama.url ... ollama.chats() ... ollama.fault = Fault.HANG

By hand from the root of the repository, with a real model (PYTHON is one that has `xllamacpp`; the
file is a GGUF; Ctrl-C or SIGTERM ends it):

    PYTHON -m tests.support.ollama --port 11500 --model qwen2.5-coder:1.5b=/path/to/q15.gguf
    AI_ENABLED=true OLLAMA_BASE_URL=http://127.0.0.1:11500 AI_MODEL=qwen2.5-coder:1.5b ...

`--threads 1` where the processors are busy: llama.cpp's threads wait for each other by spinning.
`--model NAME=-` has canned words (`--reply TEXT`). `POST /fault {"fault": "hang"}` breaks a server
run by hand (the words are those of `Fault`), `{"fault": ""}` mends it.

Left out of Ollama's: templates, images, tools; a chat longer than its context is refused, not cut.
"""

import contextlib
import threading
from collections.abc import Iterator, Mapping

from tests.support.ollama.brains import Brain, Canned, Chat, Gguf, Model, least
from tests.support.ollama.handler import Handler, HttpServer
from tests.support.ollama.state import Fault, Ollama, full

__all__ = ["Canned", "Chat", "Fault", "Gguf", "Ollama", "least", "serving"]


@contextlib.contextmanager
def serving(
    models: Mapping[str, Brain], *, port: int = 0, on_disk: Mapping[str, Brain] | None = None
) -> Iterator[Ollama]:
    """Serve until the block ends; `on_disk` are models that it has only once they are pulled."""
    known = {full(name): Model(full(name), brain) for name, brain in models.items()}
    ollama = Ollama(known, {full(name): brain for name, brain in (on_disk or {}).items()})
    handler = type("Bound", (Handler,), {"ollama": ollama})
    with HttpServer(("127.0.0.1", port), handler) as server:
        ollama.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield ollama
        finally:
            ollama.closing.set()
            server.shutdown()
            thread.join(timeout=5)
            for model in known.values():
                model.brain.unload()
