"""A Dockerfile as a list of instructions, for the few things tests look at."""

import re
from pathlib import Path
from typing import NamedTuple


class Instruction(NamedTuple):
    """One instruction: its name and the rest of it, on one line."""

    name: str
    rest: str


def stages(path: Path) -> list[list[Instruction]]:
    """Return the instructions, stage by stage; what stands before the first FROM is the first."""
    lines = [each for each in path.read_text("utf-8").splitlines() if not each.startswith("#")]
    text = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found: list[list[Instruction]] = [[]]
    for line in text.splitlines():
        if not line.strip():
            continue
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append(Instruction(name, rest.strip()))
    return found
