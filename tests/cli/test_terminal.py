"""What happens only on a terminal: questions, passwords, text that is made safe."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from tests.cli.conftest import Ccfg
from tests.support.api import Workspace

WITHIN = 20.0  # seconds

# Makes the terminal the process's own, as a login shell would.
_TAKE = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, [sys.executable, '-m', 'central_config', *sys.argv[1:]])"
)


class Terminal:
    """A command on a terminal."""

    def __init__(self, *words: str) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
        )
        os.close(slave)
        self.seen = ""

    def until(self, text: str) -> str:
        """Return what was shown once it holds the text."""
        deadline = time.monotonic() + WITHIN
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if not self._read(0.2) and self.process.poll() is not None:
                break
        assert text in self.seen
        return self.seen

    def _read(self, wait: float) -> bool:
        if not select.select([self.master], [], [], wait)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # Linux says so when the other side is closed
            return False
        self.seen += data.decode()
        return bool(data)

    def type(self, text: str) -> None:
        """Type a line."""
        time.sleep(0.2)  # a password prompt throws away what was typed before it
        os.write(self.master, f"{text}\n".encode())

    def end(self) -> int:
        """Wait for the end; return the exit code."""
        deadline = time.monotonic() + WITHIN
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read(0.2)
        while self._read(0):
            pass
        return self.process.wait(1)

    def close(self) -> None:
        """Take the terminal away."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def terminal(ccfg: Ccfg) -> Iterator[Callable[..., Terminal]]:
    assert ccfg
    opened: list[Terminal] = []

    def run(*words: str) -> Terminal:
        opened.append(Terminal(*words))
        return opened[-1]

    yield run
    for each in opened:
        each.close()


Run = Callable[..., Terminal]


def test_a_secret_is_asked_for_twice_and_not_shown(ccfg: Ccfg, terminal: Run) -> None:
    setting = terminal("set", "pw", "--secret")
    setting.until("Value: ")
    setting.type("hunter2")
    setting.until("Again: ")
    setting.type("hunter2")
    assert setting.end() == 0
    assert "hunter2" not in setting.seen
    assert ccfg("reveal", "pw", "-r", "test", "--raw").out == "hunter2\n"
    differing = terminal("set", "pw", "--secret")
    differing.until("Value: ")
    differing.type("a")
    differing.until("Again: ")
    differing.type("b")
    assert differing.end() == 1


def test_what_cannot_be_taken_back_wants_the_name(
    ccfg: Ccfg, terminal: Run, workspace: Workspace
) -> None:
    deleting = terminal("env", "delete", "staging")
    deleting.until("Type staging to go on: ")
    deleting.type("prod")
    assert deleting.end() == 1
    assert ccfg("env", "list").out.count("staging") == 1
    deleting = terminal("env", "delete", "staging", "-w", workspace.slug)
    deleting.until("Type staging to go on: ")
    deleting.type("staging")
    assert deleting.end() == 0
    assert ccfg("env", "list").out.count("staging") == 0


def test_a_rollback_asks(ccfg: Ccfg, terminal: Run) -> None:
    first = ccfg("set", "a", "1", "-o", "json").data["revision"]
    ccfg("set", "a", "2")
    asking = terminal("rollback", str(first))
    asking.until("Publish these 1 edits? [y/N] ")
    asking.type("")
    assert asking.end() == 1
    asking = terminal("rollback", str(first))
    asking.until("[y/N] ")
    asking.type("y")
    assert asking.end() == 0
    assert ccfg("get", "a", "--raw").out == "1\n"


def test_raw_values_are_made_safe_for_a_terminal_only(ccfg: Ccfg, terminal: Run) -> None:
    ccfg("set", "evil", "-f", "-", "--type", "string", stdin="a\x1b]0;title\x07b")
    shown = terminal("get", "evil", "--raw")
    assert shown.end() == 0
    assert "\x1b]0;" not in shown.seen
    assert "a\\x1b]0;title\\x07b" in shown.seen
    assert ccfg("get", "evil", "--raw").out == "a\x1b]0;title\x07b\n"
