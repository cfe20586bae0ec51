"""`python -m bench.ai.review`: fetch histories, review them, plant faults, print the figures."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.ai.review.faults import FAULTS
from bench.ai.review.packages import SOURCES
from bench.ai.review.replay import Planted, Reviewed, plant, replay, tally
from bench.ai.review.sources import SEALED, SEEN, TUNED, Part, Source

SEED = 20261123
# What is asked for: faults found, and real changes flagged.
FOUND_GOAL, FLAGGED_GOAL = 0.95, 0.02


class Figures(msgspec.Struct):
    """What came of the packages of one sort."""

    changes: int = 0
    edits: int = 0
    flagged: int = 0
    flagged_edits: int = 0
    # Changes of which the review said that it had not looked at everything: they are too large.
    unreviewed: int = 0
    rules: dict[str, int] = {}
    planted: dict[str, int] = {}
    found: dict[str, int] = {}
    # By package: changes, and how many of them were flagged.
    packages: dict[str, tuple[int, int]] = {}
    # What was flagged: package, release, rule, severity, key, evidence. Of sealed packages nothing.
    told: list[tuple[str, str, str, str, str, str]] = []
    seconds: float = 0.0


def main() -> int:
    """Measure; exit with 1 if a goal is missed on packages that nobody has looked into."""
    arguments = _arguments()
    results: dict[Part, Figures] = {}
    for part in arguments.part or (TUNED, SEEN, SEALED):
        chosen = [
            each
            for each in SOURCES
            if each.part == part and (not arguments.only or each.name in arguments.only)
        ]
        if chosen:
            results[part] = _measure(chosen, arguments.every, told=part != SEALED)
    for name, figures in results.items():
        print(_table(name, figures))
    if arguments.write is not None:
        arguments.write.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2))
    sealed = results.get(SEALED)
    return 0 if sealed is None or _good(sealed) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="packages; all when none is named")
    parser.add_argument(
        "--part",
        action="append",
        choices=(TUNED, SEEN, SEALED),
        help="only such packages; may be given several times",
    )
    parser.add_argument("--every", type=int, default=1, help="plant faults in one of N changes")
    parser.add_argument("--write", type=Path, help="file for the figures, as JSON")
    return parser.parse_args()


def _measure(sources: Sequence[Source], every: int, *, told: bool) -> Figures:
    figures, began = Figures(), time.monotonic()
    for source in sources:
        print(f"{source.name} {source.versions[0]} to {source.versions[-1]}", file=sys.stderr)
        _count(figures, source, list(replay(source)))
        _count_planted(figures, list(plant(source, SEED, every)))
    figures.seconds = round(time.monotonic() - began, 1)
    if not told:
        figures.told, figures.rules = [], {}
    return figures


def _count(figures: Figures, source: Source, reviewed: Sequence[Reviewed]) -> None:
    bad = [each for each in reviewed if each.flagged]
    figures.changes += len(reviewed)
    figures.edits += sum(len(each.change.edits) for each in reviewed)
    figures.flagged += len(bad)
    figures.flagged_edits += sum(len({it.key for it in each.flagged}) for each in bad)
    figures.unreviewed += sum(not each.whole for each in reviewed)
    rules = Counter(figures.rules)
    rules.update(it.rule for each in bad for it in each.flagged)
    figures.rules = dict(rules)
    changes, flagged = figures.packages.get(source.name, (0, 0))
    figures.packages[source.name] = (changes + len(reviewed), flagged + len(bad))
    figures.told += [
        (source.name, each.change.version, it.rule, it.severity, it.key + it.pointer, it.evidence)
        for each in bad
        for it in each.flagged
    ]


def _count_planted(figures: Figures, planted: Sequence[Planted]) -> None:
    for kind, counts in tally(planted).items():
        figures.planted[kind] = figures.planted.get(kind, 0) + counts["planted"]
        figures.found[kind] = figures.found.get(kind, 0) + counts["found"]


def _good(figures: Figures) -> bool:
    kinds = [figures.found[kind] / count for kind, count in figures.planted.items() if count]
    return min(kinds, default=1.0) >= FOUND_GOAL and (
        figures.flagged <= FLAGGED_GOAL * figures.changes
    )


def _table(name: str, figures: Figures) -> str:
    lines = [f"\n{name}: {', '.join(figures.packages)} ({figures.seconds:.0f} s)"]
    lines.append(f"  real changes flagged   {_share(figures.flagged, figures.changes)}")
    lines.append(f"  real edits flagged     {_share(figures.flagged_edits, figures.edits)}")
    lines.append(f"  not looked at in full  {_share(figures.unreviewed, figures.changes)}")
    lines += [
        f"    {package:24} {_share(flagged, changes)}"
        for package, (changes, flagged) in figures.packages.items()
    ]
    lines.append("  planted faults found by the check for them")
    lines += [
        f"    {kind:20} {_share(figures.found.get(kind, 0), figures.planted.get(kind, 0))}"
        for kind in FAULTS
    ]
    total = _share(sum(figures.found.values()), sum(figures.planted.values()))
    lines.append(f"    {'all':20} {total}")
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({part / whole:.1%})" if whole else "")


if __name__ == "__main__":
    sys.exit(main())
