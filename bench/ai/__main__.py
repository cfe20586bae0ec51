"""`python -m bench.ai [FILE ...]`: ask the questions, print the score, write the page."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from types import FrameType

from bench.ai import report
from bench.ai.engine import default_file, default_python, model
from bench.ai.figures import kept
from bench.ai.measuring import Watch, measure
from bench.ai.place import database
from bench.ai.questions import HERE
from bench.ai.scoring import Scored
from bench.place import clean
from bench.processes import BenchError


def main() -> int:
    """Ask the sets that are named, all when none is; 1 where asking wrote something."""
    given = _arguments()
    if given.page:
        report.write(kept())
        return 0
    signal.signal(signal.SIGTERM, _stop)
    watch: Watch = _show if given.show else _nothing
    url, file = (None, None) if given.parser_only else (given.ollama, given.gguf)
    written = 0
    try:
        with model(url, given.model, file, given.model_python) as found:
            for place in given.sets or sorted(HERE.glob("*.jsonl")):
                with database() as address:
                    figures = asyncio.run(measure(place, address, found, watch))
                print(report.as_text(figures))
                written += figures.written
                if not given.dry:
                    figures.save()
    except BenchError as problem:
        print(f"not measured: {problem}", file=sys.stderr)
        return 1
    finally:
        clean()
    if not given.dry:
        report.write(kept())
    return 1 if written else 0


def _show(scored: Scored) -> None:
    if scored.outcome != "right":
        text, what = scored.question.question, scored.miss
        print(f"{scored.question.id} {scored.outcome}: {text!r}: {what}: {scored.given.plan}")


def _nothing(scored: Scored) -> None:
    del scored


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.ai", description=__doc__)
    parser.add_argument("sets", nargs="*", type=Path, help="files of questions; default: all")
    parser.add_argument("--ollama", metavar="URL", help="an Ollama that has the model")
    parser.add_argument("--model", default="qwen2.5-coder:1.5b", help="what it is called there")
    parser.add_argument("--gguf", type=Path, default=default_file(), help="a model to serve")
    parser.add_argument("--model-python", default=default_python(), help="one with xllamacpp")
    parser.add_argument("--parser-only", action="store_true", help="ask no model")
    parser.add_argument("--show", action="store_true", help="print what was missed, in full")
    parser.add_argument("--dry", action="store_true", help="keep no figures, write no page")
    parser.add_argument("--page", action="store_true", help="write the page again; ask nothing")
    return parser.parse_args()


def _stop(number: int, frame: FrameType | None) -> None:
    """End as an error would, through every `finally`; uvloop would not let it through."""
    del frame
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
