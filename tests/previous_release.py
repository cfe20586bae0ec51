"""The tests of an earlier release, run on the schema of this one.

An update replaces replicas one by one, and a rollback puts the earlier release back: both work on
the schema of the later one. `make previous REF=v1.2.0` proves it for everything that release's own
tests ask of the API, by giving them these migrations instead of theirs.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
# What works on the database through the release's code. Left out is what compares the schema with
# the release's own tables, and what has nothing to do with it.
SUITES = ("access", "api", "audit", "properties", "replicas", "watching", "worker", "writing")
# The release's own view of which tables and migrations there are.
NOT_ITS_OWN = "not schemathesis"


def main(reference: str) -> int:
    """Run the tests; return pytest's exit code."""
    with tempfile.TemporaryDirectory(prefix="previous-") as directory:
        checkout = Path(directory) / "release"
        _git("worktree", "add", "--quiet", "--detach", str(checkout), reference)
        try:
            shutil.rmtree(checkout / "migrations")
            shutil.copytree(ROOT / "migrations", checkout / "migrations")
            return _tests(checkout)
        finally:
            _git("worktree", "remove", "--force", str(checkout))


def _tests(checkout: Path) -> int:
    suites = [f"tests/{name}" for name in SUITES if (checkout / "tests" / name).is_dir()]
    source = str(checkout / "src")
    where = "import central_config; print(central_config.__file__)"
    environment = {**os.environ, "PYTHONPATH": source}
    found = subprocess.run(
        [sys.executable, "-c", where], env=environment, capture_output=True, text=True, check=True
    )
    if not found.stdout.startswith(source):
        sys.exit(f"the release's code is not what is run, but {found.stdout}")
    argv = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *suites]
    return subprocess.run(
        [*argv, "-k", NOT_ITS_OWN], cwd=checkout, env=environment, check=False
    ).returncode


def _git(*words: str) -> None:
    subprocess.run(["git", "-C", str(ROOT), *words], check=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: previous_release.py TAG")
    sys.exit(main(sys.argv[1]))
