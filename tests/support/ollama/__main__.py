"""Runs the server by hand; how: see the package."""

import argparse
import contextlib
import os
import signal
import sys
import time
from pathlib import Path

from tests.support.ollama import Canned, Gguf, serving
from tests.support.ollama.brains import Brain


def main() -> int:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.ollama")
    parser.add_argument("--port", type=int, default=11434)
    parser.add_argument("--model", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--reply", default="{}", help="what a model without a file says")
    parser.add_argument("--threads", type=int, default=2, help="processors a real model takes")
    parser.add_argument("--minutes", type=float, default=60, help="when it ends by itself")
    parser.add_argument(
        "--with-parent", action="store_true", help="end when whoever started it does"
    )
    given = parser.parse_args()
    models: dict[str, Brain] = {}
    for each in given.model:
        name, _, path = each.rpartition("=")
        models[name] = Canned(given.reply) if path == "-" else Gguf(Path(path), given.threads)
    with serving(models, port=given.port) as ollama:
        print(f"serving {', '.join(ollama.models)} at {ollama.url}", flush=True)  # noqa: T201
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        until, parent = time.monotonic() + given.minutes * 60, os.getppid()
        with contextlib.suppress(KeyboardInterrupt):
            while time.monotonic() < until:
                time.sleep(1)
                if given.with_parent and os.getppid() != parent:
                    break
    return 0


if __name__ == "__main__":
    sys.exit(main())
