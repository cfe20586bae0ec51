"""`python -m bench [suite ...]`: measure, print, write the report."""

import argparse
import importlib
import os
import resource
import signal
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from types import FrameType

from bench import report, setup
from bench.options import QUICK, Options
from bench.place import QUICK_RESULTS, RESULTS, clean
from bench.processes import BenchError
from bench.results import Sheet, kept

REPORT = "report"
SUITES = ("reads", "writes", "watch", "sdk", "scale", "interference")
_NEEDS_UNLEASH = {"reads"}


def main() -> int:
    """Run the suites that are named, all when none is."""
    arguments = _arguments()
    options = _options(arguments)
    signal.signal(signal.SIGTERM, _stop)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # ten thousand watchers
    suites = [name for name in arguments.suites or SUITES if name != REPORT]
    failed: list[str] = []
    place = QUICK_RESULTS if arguments.quick else RESULTS
    if suites:
        setup.prepare(unleash=bool(_NEEDS_UNLEASH & set(suites)))
        try:
            failed = [name for name in suites if not _run(name, options, place)]
        finally:
            clean()
    sheets = kept(place)
    print(report.as_text(sheets))
    if not arguments.quick:
        report.write(sheets)
    return 1 if failed else 0


def _run(name: str, options: Options, place: Path) -> bool:
    print(f"{name}", flush=True)
    sheet = Sheet(name, options.rounds, options.seconds, os.getloadavg()[0])
    try:
        importlib.import_module(f"bench.suites.{name}").run(sheet, options)
    except BenchError as problem:
        print(f"{name} failed: {problem}", file=sys.stderr)
        return False
    except Exception:  # noqa: BLE001 - the other suites are to run all the same
        traceback.print_exc()
        return False
    finally:
        if sheet.series:
            sheet.save(place)
    return True


def _options(arguments: argparse.Namespace) -> Options:
    options = QUICK if arguments.quick else Options()
    if arguments.rounds is not None:
        options = replace(options, rounds=arguments.rounds)
    if arguments.seconds is not None:
        options = replace(options, seconds=arguments.seconds)
    return options if arguments.largest is None else options.up_to(arguments.largest)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("suites", nargs="*", choices=[*SUITES, REPORT, []], help="default: all")
    parser.add_argument("--rounds", type=int, help="alternating rounds (5)")
    parser.add_argument("--seconds", type=float, help="length of one measurement (3)")
    parser.add_argument("--largest", type=int, help="leave out larger sizes of the scale curves")
    parser.add_argument("--quick", action="store_true", help="one short round; writes no page")
    return parser.parse_args()


def _stop(number: int, frame: FrameType | None) -> None:
    del frame
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
